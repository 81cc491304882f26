/** The database cannot be brought up. The message names the cause and the next step, on one or two lines. */
export class StartError extends Error {
  override name = 'StartError';
}

/** For the file system's own errors: says which folder and what to do, or hands back the error when there is nothing to add. */
export function explainFileError(error: unknown, directory: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(directory, error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StartError(
      `The folder ${directory} cannot be written (${code}). Give this account write access, or set DATA_DIR to another folder.`,
      { cause: error },
    );
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new StartError(`${directory} is, or lies below, a file and not a folder. Set DATA_DIR to a folder.`, {
      cause: error,
    });
  return error;
}

export const diskFull = (directory: string, cause?: unknown) =>
  new StartError(
    `The disk that holds ${directory} is full. Free some space there and start again; nothing that was saved is lost.`,
    { cause },
  );

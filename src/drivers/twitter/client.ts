import { type ExecutionContext, faultOf, type Media, retryAfterMs, ServiceError, type Values } from '../driver.ts';

const api = 'https://api.x.com/2';

/** https://docs.x.com/x-api/introduction @throws ServiceError with what X said */
export async function ask(
  context: ExecutionContext,
  method: string,
  route: string,
  body?: Values | FormData,
): Promise<Values> {
  const json = body !== undefined && !(body instanceof FormData);
  const response = await context.fetch(`${api}/${route}`, {
    method,
    signal: context.signal,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${context.auth.access_token}`,
      ...(json && { 'content-type': 'application/json' }),
    },
    body: json ? JSON.stringify(body) : (body as FormData | undefined),
  });
  const text = await response.text();
  const answer = parsed(text);
  if (!response.ok) throw refusal(response, answer);
  if (!answer && text) throw new ServiceError('service', 'X answered something that is not JSON. Try again later.');
  return answer ?? {};
}

function parsed(text: string): Values | undefined {
  try {
    return JSON.parse(text) as Values;
  } catch {
    return undefined;
  }
}

/** Errors are problem documents: https://docs.x.com/x-api/fundamentals/response-codes-and-errors */
function refusal({ status, headers }: Response, { title, detail }: Values = {}): ServiceError {
  const said = String(detail ?? title ?? `HTTP ${status}`);
  const duplicate = status === 403 && /duplicate/i.test(said);
  const fault = duplicate ? 'conflict' : faultOf(status);
  const sentence = duplicate
    ? 'X refuses a post that says the same as an earlier one. Change the text'
    : {
        credential: 'X does not accept the token. Connect the account again',
        rate_limited: 'X’s limit of calls is reached',
      }[fault as string];
  return new ServiceError(fault, `${sentence ?? 'X refuses this'}: ${said}`, {
    status,
    retryAfterMs: fault === 'rate_limited' ? (retryAfterMs(headers) ?? untilReset(headers)) : undefined,
    ...(duplicate && { serviceCode: 'duplicate' }),
  });
}

/** X sends no Retry-After: the window's end is told in Unix seconds. */
function untilReset(headers: Headers): number | undefined {
  const at = Number(headers.get('x-rate-limit-reset') ?? Number.NaN) * 1000;
  return Number.isFinite(at) ? Math.max(0, at - Date.now()) : undefined;
}

const chunk = 1024 * 1024;
const patience = 20;

/** Uploads in pieces and waits until X has processed it: https://docs.x.com/x-api/media/quickstart/media-upload-chunked */
export async function uploadMedia(context: ExecutionContext, { type, data, kind, alt }: Media): Promise<string> {
  const category = kind === 'video' ? 'tweet_video' : type === 'image/gif' ? 'tweet_gif' : 'tweet_image';
  const begun = await ask(context, 'POST', 'media/upload/initialize', {
    media_type: type,
    total_bytes: data.byteLength,
    media_category: category,
  });
  const id = String((begun.data as Values).id);
  for (let index = 0; index * chunk < data.byteLength; index += 1) {
    const form = new FormData();
    form.set('segment_index', String(index));
    form.set('media', new Blob([data.subarray(index * chunk, (index + 1) * chunk)], { type }));
    await ask(context, 'POST', `media/upload/${id}/append`, form);
  }
  await processed(context, id, (await ask(context, 'POST', `media/upload/${id}/finalize`)).data as Values);
  if (alt) await ask(context, 'POST', 'media/metadata', { id, metadata: { alt_text: { text: alt.slice(0, 1000) } } });
  return id;
}

async function processed(context: ExecutionContext, id: string, first: Values): Promise<void> {
  let info = first.processing_info as
    | { state: string; check_after_secs?: number; error?: { message?: string } }
    | undefined;
  for (let asked = 0; info && ['pending', 'in_progress'].includes(info.state) && asked < patience; asked += 1) {
    const { setTimeout: sleep } = await import('node:timers/promises');
    await sleep(Math.min(info.check_after_secs ?? 1, 5) * 1000, undefined, { signal: context.signal });
    const status = await ask(context, 'GET', `media/upload?command=STATUS&media_id=${encodeURIComponent(id)}`);
    info = (status.data as Values).processing_info as typeof info;
  }
  if (info && info.state !== 'succeeded')
    throw new ServiceError('input', `X could not process the file. ${info.error?.message ?? ''}`.trim());
}

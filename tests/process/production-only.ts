import { registerHooks } from 'node:module';

// Loaded by image.test.ts into the program: what the image does not have cannot be imported.
const absent: string[] = JSON.parse(process.env.ABSENT_PACKAGES ?? '[]');

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    const missing = absent.find((name) => found.url.includes(`/${name}/`));
    if (missing) throw new Error(`${context.parentURL} imports ${specifier}, but the image has no ${missing}`);
    return found;
  },
});

import type { Shell } from './shell.ts';

// What the templates under views/publish/ are given.

export interface ComposerTarget {
  id: string;
  name: string;
  /** Of the service. */
  service: string;
  chosen: boolean;
  /** What it takes, in one line. */
  limits: string;
  /** Why it is not ready; '' when it is. */
  notReady: string;
}

export interface Composer {
  /** Reserved, so that what is sent twice is published once. */
  id: string;
  tenantId: string;
  targets: ComposerTarget[];
  values: { title: string; text: string };
  /** The rest, of one line each. */
  fields: { name: string; label: string; help: string; type: 'text' | 'url' | 'datetime-local'; value: string }[];
  thread: boolean;
  /** What stood against it, by target; those of all have none. */
  problems: { target: string; text: string }[];
}

export interface PreviewView {
  name: string;
  /** Such as “42 of 280 weighted characters”. */
  length: string;
  parts: string[];
  problems: string[];
}

export interface PostView {
  id: string;
  title: string;
  at: Date;
  by: string;
  status: string;
  tone: 'ok' | 'bad' | '';
  /** What can be done about it. */
  canCancel: boolean;
  canRetry: boolean;
  targets: { name: string; status: string; tone: 'ok' | 'bad' | ''; url: string | null; message: string }[];
}

export interface PublishPage {
  composer: Composer;
  previews: PreviewView[];
  posts: PostView[];
  next: string | null;
}

export interface PublishModels {
  'publish/index': { shell: Shell; publish: PublishPage };
  'publish/_previews': { previews: PreviewView[] };
}

/** What only the page includes. */
export interface PublishPartials {
  'publish/_post': { post: PostView; tenantId: string };
}

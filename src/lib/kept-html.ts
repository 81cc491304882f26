import { ago, agoTag, relativeTime } from './time.ts';

/** Stands before and after a time in HTML that is kept. PostgreSQL stores no such character, so no text of anybody's holds one. */
const mark = '\0';

interface Written {
  /** What stands around the times: one more than those. */
  texts: string[];
  times: Date[];
}

/**
 * HTML that is written once for each model: whoever keeps the model shows it again with the same text. Only how long ago something was is
 * told anew each time.
 */
export function keptHtml() {
  const writtenOf = new WeakMap<object, Written>();
  let keeping = false;

  function write(html: () => string): Written {
    keeping = true;
    try {
      const parts = html().split(mark);
      const times = parts.filter((_, index) => index % 2 === 1);
      return {
        texts: parts.filter((_, index) => index % 2 === 0),
        times: times.map((time) => new Date(Number(time))),
      };
    } finally {
      keeping = false;
    }
  }

  return {
    ago: (date: Date): string => (keeping ? agoTag(date, `${mark}${date.getTime()}${mark}`) : ago(date)),
    kept(model: object, html: () => string): string {
      const written = writtenOf.get(model) ?? write(html);
      writtenOf.set(model, written);
      const now = new Date();
      return written.texts.reduce((all, text, index) => {
        const time = written.times[index - 1];
        return `${all}${time ? relativeTime(time, now) : ''}${text}`;
      });
    },
  };
}

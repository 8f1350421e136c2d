/** JSON as it comes: tests say themselves what is in it. */
export type Json = ReturnType<JSON['parse']>;

/** One frame of an event stream as a client sees it. */
export interface SseFrame {
  /** The `event:` line; null where there is none. */
  readonly event: string | null;
  /** Parsed `data:`; null for a frame of comments. */
  readonly data: Json;
  readonly comment: string | null;
}

/** Reads the text of a stream. Throws on anything that is not whole frames of one data line each, as the gateway writes them. */
export function framesOf(text: string): SseFrame[] {
  if (text !== '' && !text.endsWith('\n\n')) throw new Error(`the stream ends inside a frame: ${JSON.stringify(text.slice(-200))}`);
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const lines = frame.split('\n');
      const value = (name: string): string | null =>
        lines
          .find((line) => line.startsWith(name))
          ?.slice(name.length)
          .trim() ?? null;
      const data = value('data:');
      return { event: value('event:'), data: data === null ? null : JSON.parse(data), comment: value(':') };
    });
}

/** A Responses answer, streamed or not, with what tests ask about it. */
export class ResponsesAnswer {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly text: string,
  ) {}

  static async of(pending: Promise<Response> | Response): Promise<ResponsesAnswer> {
    const response = await pending;
    return new ResponsesAnswer(response.status, response.headers, await response.text());
  }

  get streamed(): boolean {
    return (this.headers.get('content-type') ?? '').startsWith('text/event-stream');
  }

  get json(): Json {
    return JSON.parse(this.text);
  }

  get frames(): SseFrame[] {
    return framesOf(this.text);
  }

  /** Events without comments. */
  get events(): Json[] {
    return this.frames.flatMap(({ data }) => (data === null ? [] : [data]));
  }

  get types(): string[] {
    return this.events.map(({ type }) => type as string);
  }

  /** The Response object: the body, or the snapshot of the stream's last event. */
  get response(): Json {
    return this.streamed ? this.events.at(-1)?.response : this.json;
  }

  /** Error of a JSON body, or of the snapshot that a failed stream ends with. */
  get error(): Json {
    const { error } = this.streamed ? this.response : this.json;
    return error ?? null;
  }

  get outputText(): string {
    const output = (this.response.output ?? []) as { type: string; content?: { text?: string }[] }[];
    return output.flatMap(({ content }) => (content ?? []).map(({ text }) => text ?? '')).join('');
  }
}

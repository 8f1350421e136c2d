/** Tool names in the form that the backend takes, and back. One instance a request: made by its decoder, read by its encoder. */
export class ToolNames {
  /** `lists`: the request's lists of tools as the client wrote them, so that a name that fits is never given to another tool. */
  constructor(..._lists: unknown[]) {}

  /** Registers a tool of the request; the coded name. */
  declare(name: string): string {
    return this.code(name);
  }

  /** The name for the backend: the same where it fits (`[a-zA-Z0-9_-]{1,64}`). */
  code(_name: string): string {
    throw new Error('in the making');
  }

  /** The client's name of a tool that the backend calls. */
  original(coded: string): string {
    return coded;
  }
}

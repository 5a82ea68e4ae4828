/**
 * What a fake server answers with an error.
 */
export class Refused extends Error {
  readonly code: string;
  readonly room: string | undefined;

  constructor(code: string, message: string, room?: string) {
    super(message);
    this.code = code;
    this.room = room;
  }
}

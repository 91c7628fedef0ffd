/** What has happened on the sockets of one channel of this instance since the start. Counting is free: numbers in memory. */
export class ChannelCounts {
  /** Frames that came in. */
  received = 0
  /** Frames that went out, one for each socket. */
  sent = 0
  /** Sockets that have closed, by close code. */
  readonly closed = new Map<number, number>()

  /** A socket has closed. */
  close(code: number): void {
    this.closed.set(code, (this.closed.get(code) ?? 0) + 1)
  }
}

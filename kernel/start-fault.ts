/** A start that cannot work, for a reason an operator can mend: the message says what to do, and no stack is shown. */
export class StartFault extends Error {
  override readonly name: string = 'StartFault'
}

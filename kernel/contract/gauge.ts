import type { PlatformContext, ServiceClasses } from './context.ts'

/** A measure that operators watch, such as the age of a feed. It is read only when metrics are exported. */
export interface Gauge<PS extends ServiceClasses> {
  /** UCUM: `s`, `By`, `{row}`. */
  readonly unit: string
  readonly description: string
  /** Reads it, within five seconds, with prepared queries: at most a few hundred values, told apart by attributes. */
  read(
    context: PlatformContext<PS>,
  ): Promise<readonly { readonly value: number; readonly attributes?: Readonly<Record<string, string>> }[]>
}

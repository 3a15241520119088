import { html as escaping } from 'hono/html'

/** Text that is HTML already. */
export type Html = { toString(): string } & { readonly isEscaped?: boolean }

/** A template that escapes every value in it, but what this function made. Values are never promises here. */
export const html = (strings: TemplateStringsArray, ...values: readonly unknown[]): Html =>
  escaping(strings, ...values) as Html

export const nothing: Html = html``

import { type Html, html } from './html.ts'

/** A whole HTML document of the shop. `home` is the address of the folder that holds `style.css`. */
export function page(title: string, body: Html, home = ''): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Pizza Paradise</title>
<link rel="stylesheet" href="${home}style.css">
</head>
<body>
${body}
</body>
</html>
`.toString()
}

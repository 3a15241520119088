import { createTransport } from 'nodemailer'

/** Sends the welcome mail and returns what the SMTP server answered. */
export async function sendWelcome(
  smtp: string,
  user: { name: string; email: string },
  messageId: string,
): Promise<string> {
  const transport = createTransport(smtp)
  try {
    const sent = await transport.sendMail({
      messageId,
      from: 'Pizza Paradise <hello@shop.example>',
      to: { name: user.name, address: user.email },
      subject: 'Welcome to Pizza Paradise',
      text: `Hello ${user.name},\n\nyour account is ready. The first Margherita is on us.\n`,
    })
    return sent.response
  } finally {
    transport.close()
  }
}

import { setTimeout } from 'node:timers/promises';
import type { Hub } from '../../context.ts';
import type { InvitationRow } from '../../db/queries/invitations.ts';
import { sendMail } from '../../lib/mail.ts';

/** How long whoever invites waits for the mail server. */
const patienceMs = 5_000;

/**
 * Sends an invitation's link to the person whom it names, if the hub sends mail.
 * @returns whether the mail server took it in time; never throws, because the link can be passed on by hand
 */
export async function mailInvitation(
  { config, log }: Pick<Hub, 'config' | 'log'>,
  invitation: InvitationRow & { link: string },
): Promise<boolean> {
  if (!config.mail) return false;
  const { email, invitedBy, tenantName } = invitation;
  const subject = `${invitedBy} invites you to ${tenantName} on Patchbay`;
  const sent = sendMail(config.mail, { to: email, subject, text: letter(invitation, config.baseUrl) }).then(
    () => true,
    (error) => {
      log.error({ err: error, invitation_id: invitation.id }, 'an invitation was not sent');
      return false;
    },
  );
  return Promise.race([sent, setTimeout(patienceMs, false, { ref: false })]);
}

const letter = ({ email, role, invitedBy, tenantName, link }: Parameters<typeof mailInvitation>[1], baseUrl: string) =>
  `${invitedBy} invites you to the workspace ${tenantName} at ${baseUrl}, as ${role === 'member' ? 'a' : 'an'} ${role}.

Open this link within seven days. It works once, and for ${email} only:

${link}

If you did not expect this, do nothing: without the link nobody joins in your name.
`;

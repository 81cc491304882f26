/** What people and keys may be in a workspace, from the one that may do least. */
export const roles = ['member', 'admin', 'owner'] as const;

export type Role = (typeof roles)[number];

export const isRole = (value: unknown): value is Role => (roles as readonly unknown[]).includes(value);

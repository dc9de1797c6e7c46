// Package identity knows the people who use Bulwark: who they are, what duties they have been given, how they prove
// that it is them, and the sessions that are open.
//
// Nobody exists at first. A one-time link, printed where the program was started, makes the first administrator, who
// invites others by one-time links. Sessions are opaque: the cookie holds 32 random bytes, the database their hash,
// and every request asks the database, so that what an administrator takes away is gone with the next request, and
// within a second for answers that are still being sent. Every act is in the ledger, in the transaction of the act.
//
// Passwords are the only factor so far. The tables hold factors of any kind, and a session records the methods that
// opened it (RFC 8176) and when, so that passkeys and federation add rows, not columns.
package identity

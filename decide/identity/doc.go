// Package identity knows the people who use Bulwark: who they are, what duties they have been given, how they prove
// that it is them, and the sessions that are open.
//
// Nobody exists at first. A one-time link, printed where the program was started, makes the first administrator, who
// invites others by one-time links. Sessions are opaque: the cookie holds 32 random bytes, the database their hash,
// and every request asks the database, so that what an administrator takes away is gone with the next request, and
// within a second for answers that are still being sent. Every act is in the ledger, in the transaction of the act.
//
// Nobody gets in with a password alone, unless the hospital says so for a duty: after it comes a code of an app or one on
// paper, and a passkey takes the place of both. Whoever has none of them can do nothing but add one. A session records the
// methods that opened it (RFC 8176) and when; it gets another id with each proof.
package identity

// Package identity knows the people who use Bulwark: who they are, what duties they have been given, how they prove
// it is them, and the sessions that are open.
package identity

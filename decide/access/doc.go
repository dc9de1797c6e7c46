// Package access answers whether somebody, on this device, from here, now, may do this to that: by policies that an administrator reads,
// about people, devices, patients and applications that it keeps in memory. It knows the duty roster, which patient is in whose care,
// what incidents found of whom, who broke the glass and who was let in for a time; each decision is an event, and what people do about
// access is in the ledger.
//
// Who people are and how they signed in is identity's: it is asked through [Directory], and hands in a [Session].
package access

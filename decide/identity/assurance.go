package identity

import "slices"

// Assurance is how sure it is who p is, by the methods of the session (RFC 8176), as NIST SP 800-63B-4 counts: 1 for one factor, 2 for
// two, 3 for two of which one is a key that cannot leave its device.
func (p Person) Assurance() int {
	has := func(m string) bool { return slices.Contains(p.Methods, m) }
	switch {
	case p.enrol || !has("mfa"):
		return 1
	case has("hwk"):
		return 3
	}
	return 2
}

// Resistant tells whether a false page could not have taken what p proved: a passkey did.
func (p Person) Resistant() bool {
	return slices.Contains(p.Methods, "hwk") || slices.Contains(p.Methods, "swk")
}

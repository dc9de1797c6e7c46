package engine

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire/inspect"
)

// validityTest is tls_cert_notbefore, tls_cert_notafter, tls_cert_valid and tls_cert_expired.
func validityTest(t *rule.Own, at int) func([]byte) bool {
	var times []uint64
	for _, w := range t.Words[min(1, len(t.Words)):] {
		times = append(times, momentOf(w))
	}
	return func(v []byte) bool {
		if len(v) != 24 {
			return false
		}
		is := func(i int) uint64 { return binary.BigEndian.Uint64(v[8*i:]) }
		before, after, now := is(0), is(1), is(2)
		switch t.Name {
		case "tls_cert_expired":
			return now > after
		case "tls_cert_valid":
			return now >= before && now <= after
		}
		got := is(at)
		switch t.Words[0] {
		case "<":
			return got < times[0]
		case ">":
			return got > times[0]
		case "<>":
			return got > times[0] && got < times[1]
		}
		return got == times[0]
	}
}

// momentOf is a time of which the end may be left out, in unix seconds; the reader of rules has checked it.
func momentOf(s string) uint64 {
	const form = "2006-01-02T15:04:05"
	at, err := time.Parse(form[:len(s)], strings.Replace(s, " ", "T", 1))
	if err != nil {
		return 0
	}
	return uint64(max(at.Unix(), 0))
}

var handshake = map[string]uint8{
	"client_hello": inspect.TLSClientHello, "server_hello": inspect.TLSServerHello, "client_keyx": inspect.TLSClientKey,
	"server_keyx": inspect.TLSServerKey,
}

// stateTest is ssl_state: one of the messages was seen, or of a negated one was not.
func stateTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		return len(v) == 1 && slices.ContainsFunc(t.Words, func(w string) bool {
			name, not := strings.CutPrefix(strings.ToLower(w), "!")
			bit, known := handshake[name]
			if !known {
				return v[0] == 0
			}
			return (v[0]&bit != 0) != (not || t.Not)
		})
	}
}

// versionTest is ssl_version.
func versionTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		return len(v) == 2 && allHold(t.Numbers, uint64(binary.BigEndian.Uint16(v))) != t.Not
	}
}

// protoTest is ssh.protoversion: a version, or 2_compat, which 1.99 is too.
func protoTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		return slices.ContainsFunc(t.Words, func(w string) bool {
			if w == "2_compat" {
				return string(v) == "1.99" || len(v) > 0 && v[0] == '2'
			}
			return string(v) == w || string(v) == w+".0"
		}) != t.Not
	}
}

var saKinds = map[string]uint16{
	"alg_enc": 1, "alg_hash": 2, "alg_auth": 3, "alg_dh": 4, "sa_group_type": 5, "sa_life_type": 11, "sa_life_duration": 12, "alg_prf": 13,
	"sa_key_length": 14, "sa_field_size": 15,
}

// attributeTest is ike.chosen_sa_attribute: two bytes of the kind, four of the value.
func attributeTest(t *rule.Own) func([]byte) bool {
	kind := saKinds[t.Words[0]]
	return func(v []byte) bool {
		return len(v) == 6 && binary.BigEndian.Uint16(v) == kind && uint64(binary.BigEndian.Uint32(v[2:])) == t.Numbers[0].A
	}
}

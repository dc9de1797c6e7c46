package directory

import (
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// membership is who is in which groups, groups in groups too.
type membership struct {
	names map[string][]string // of a group's DN: what mappings may call it
	above map[string][]string // of a DN: the groups that it is in itself
	uids  map[string][]string // of a login: the groups that list it by memberUid (RFC 2307)
	known map[string][]string // of a DN: all groups, found before
	given map[string]bool     // what mappings name, and whether it is there
}

func newMembership(c *Config, groups []*ldap.Entry) *membership {
	m := &membership{names: map[string][]string{}, above: map[string][]string{}, uids: map[string][]string{}, known: map[string][]string{}, given: map[string]bool{}}
	for _, g := range groups {
		dn := normal(g.DN)
		for _, n := range []string{g.GetAttributeValue("cn"), g.GetAttributeValue("sAMAccountName")} {
			if n != "" {
				m.names[dn] = append(m.names[dn], strings.ToLower(n))
			}
		}
		m.names[dn] = append(m.names[dn], dn)
		for _, up := range g.GetAttributeValues("memberOf") {
			m.above[dn] = append(m.above[dn], normal(up))
		}
		// Active Directory cuts long lists of members (MS-ADTS, 3.1.1.3.1.3.3), and has each member's own list instead.
		if !c.ad() {
			for _, of := range append(g.GetAttributeValues("member"), g.GetAttributeValues("uniqueMember")...) {
				m.above[normal(of)] = append(m.above[normal(of)], dn)
			}
			for _, login := range g.GetAttributeValues("memberUid") {
				m.uids[strings.ToLower(login)] = append(m.uids[strings.ToLower(login)], dn)
			}
		}
	}
	for _, list := range [][]Mapping{c.Roles, c.Units} {
		for _, x := range list {
			m.given[from(x)] = isUnit(x)
		}
	}
	for _, names := range m.names {
		for _, n := range names {
			if _, asked := m.given[n]; asked {
				m.given[n] = true
			}
		}
	}
	return m
}

// from is what a mapping names, as names are compared.
func from(x Mapping) string {
	if strings.Contains(x.From, "=") {
		return normal(x.From)
	}
	return strings.ToLower(strings.TrimSpace(x.From))
}

// isUnit tells whether a mapping names an organisational unit or another container, rather than a group.
func isUnit(x Mapping) bool {
	l := strings.ToLower(strings.TrimSpace(x.From))
	return strings.HasPrefix(l, "ou=") || strings.HasPrefix(l, "dc=")
}

// unknown are what mappings name and nobody found.
func (m *membership) unknown() []string {
	var all []string
	for name, there := range m.given {
		if !there {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// normal is a DN as they are compared.
func normal(dn string) string {
	d, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(d.String())
}

// of are the DNs of all groups that a person is in.
func (m *membership) of(e *ldap.Entry) []string {
	dn := normal(e.DN)
	direct := slices.Clone(m.above[dn])
	for _, up := range e.GetAttributeValues("memberOf") {
		direct = append(direct, normal(up))
	}
	direct = append(direct, m.uids[strings.ToLower(first(e, "uid", "sAMAccountName"))]...)
	seen := map[string]bool{}
	var all []string
	for _, g := range direct {
		for _, x := range append([]string{g}, m.over(g)...) {
			if !seen[x] {
				seen[x] = true
				all = append(all, x)
			}
		}
	}
	return all
}

// over are all groups that a group is in. Groups that contain each other end the search.
func (m *membership) over(group string) []string {
	if all, ok := m.known[group]; ok {
		return all
	}
	seen, all, edge := map[string]bool{group: true}, []string(nil), []string{group}
	for range deepest {
		var next []string
		for _, g := range edge {
			for _, up := range m.above[g] {
				if !seen[up] {
					seen[up] = true
					all, next = append(all, up), append(next, up)
				}
			}
		}
		if edge = next; len(edge) == 0 {
			break
		}
	}
	m.known[group] = all
	return all
}

// gives are what mappings give somebody who is in groups, in order.
func (m *membership) gives(list []Mapping, dn string, groups []string) []string {
	var all []string
	for _, x := range list {
		if isUnit(x) {
			if below(dn, x.From) {
				all = append(all, x.To)
			}
			continue
		}
		name := from(x)
		if slices.ContainsFunc(groups, func(g string) bool { return g == name || slices.Contains(m.names[g], name) }) {
			all = append(all, x.To)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// below tells whether dn stands under another.
func below(dn, over string) bool {
	d, err := ldap.ParseDN(dn)
	if err != nil {
		return false
	}
	o, err := ldap.ParseDN(over)
	return err == nil && o.AncestorOfFold(d)
}

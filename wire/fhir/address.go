package fhir

import "bytes"

type level uint8

const (
	systemLevel level = iota + 1
	typeLevel
	instanceLevel
	versionLevel
	compartmentLevel
)

// address is the path of a request, read as FHIR does.
type address struct {
	level       level
	base        []byte
	kind        string // resource type
	id, version []byte
	compartment string
	operation   []byte
	history     bool
	search      bool // _search
	metadata    bool
}

// maxSegments bounds the path segments that are looked at.
const maxSegments = 24

// parse reports whether the path may be an address of FHIR: a resource type with what may follow it, or _history,
// _search, metadata or an operation at its end.
func (a *address) parse(path []byte) bool {
	if !mayFit(path) {
		return false
	}
	var segments [maxSegments][]byte
	var begin [maxSegments]int
	n := 0
	for i := 0; i < len(path); {
		s, _ := cut(path[i+1:], '/') // path[i] is a slash
		if len(s) > 0 {
			if n == maxSegments {
				return false
			}
			segments[n], begin[n] = s, i
			n++
		}
		i += 1 + len(s)
	}
	for i := range n {
		if kind := typeName(segments[i]); kind != "" {
			*a = address{kind: kind, base: path[:begin[i]]}
			if a.below(segments[i+1 : n]) {
				return true
			}
		}
	}
	return n > 0 && a.system(path[:begin[n-1]], segments[n-1])
}

// mayFit tells cheaply whether a path may be an address of FHIR: one of its segments begins with a capital, $ or _, or is metadata.
func mayFit(path []byte) bool {
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	for i := 0; i+1 < len(path); i++ {
		if path[i] == '/' {
			if b := path[i+1]; 'A' <= b && b <= 'Z' || b == '$' || b == '_' || b == 'm' && bytes.Equal(path[i+1:], []byte("metadata")) {
				return true
			}
		}
	}
	return false
}

// system reads an address at the level of the system.
func (a *address) system(base, last []byte) bool {
	*a = address{level: systemLevel, base: base}
	switch {
	case string(last) == "metadata":
		a.metadata = true
	case string(last) == "_history":
		a.history = true
	case string(last) == "_search":
		a.search = true
	case last[0] == '$' && isName(last[1:]):
		a.operation = last[1:]
	default:
		return false
	}
	return true
}

// below reads what follows a resource type.
func (a *address) below(s [][]byte) bool {
	a.level = typeLevel
	if len(s) > 0 && isID(s[0]) {
		a.level, a.id, s = instanceLevel, s[0], s[1:]
	}
	if len(s) == 0 {
		return true
	}
	switch last := s[0]; {
	case string(last) == "_history":
		a.history, s = true, s[1:]
		if a.level == instanceLevel && len(s) > 0 && isID(s[0]) {
			a.level, a.version, a.history, s = versionLevel, s[0], false, s[1:]
		}
	case a.level == instanceLevel && (string(last) == "*" || typeName(last) != ""):
		a.level, a.compartment, a.kind, s = compartmentLevel, a.kind, typeName(last), s[1:]
	}
	if len(s) > 0 && string(s[0]) == "_search" && a.level != versionLevel {
		a.search, s = true, s[1:]
	}
	if len(s) > 0 && s[0][0] == '$' && isName(s[0][1:]) {
		a.operation, s = s[0][1:], s[1:]
	}
	return len(s) == 0
}

// interaction is what a method does at an address (http.html §3.2.0.15, a summary).
func (a *address) interaction(method []byte) Kind {
	get := string(method) == "GET" || string(method) == "HEAD"
	switch {
	case a.operation != nil:
		return Operation
	case a.metadata && (get || string(method) == "OPTIONS"):
		return Capabilities
	case a.history:
		return a.historyOf(get, method)
	case a.search || a.level == compartmentLevel:
		if get || string(method) == "POST" {
			return a.searchOf()
		}
	case a.level == versionLevel:
		return choose(get, VRead, choose(string(method) == "DELETE", DeleteHistory, 0))
	case a.level == typeLevel || a.level == instanceLevel:
		return a.single(get, method)
	}
	return 0
}

func (a *address) historyOf(get bool, method []byte) Kind {
	switch {
	case string(method) == "DELETE" && a.level == instanceLevel:
		return DeleteHistory
	case !get:
		return 0
	case a.level == instanceLevel:
		return HistoryInstance
	case a.level == typeLevel:
		return HistoryType
	}
	return HistorySystem
}

func (a *address) searchOf() Kind {
	switch a.level {
	case systemLevel:
		return SearchSystem
	case typeLevel:
		return SearchType
	}
	return SearchCompartment
}

// single is what a method does to a type or to a resource.
func (a *address) single(get bool, method []byte) Kind {
	if get {
		return choose(a.level == instanceLevel, Read, SearchType)
	}
	switch string(method) {
	case "PUT":
		return Update
	case "PATCH":
		return Patch
	case "DELETE":
		return Delete
	case "POST":
		return choose(a.level == typeLevel, Create, 0)
	}
	return 0
}

func choose(which bool, yes, no Kind) Kind {
	if which {
		return yes
	}
	return no
}

// saysFHIR reports whether a segment of the base names FHIR: /fhir, /fhir-server, /baseFhirR4.
func (a *address) saysFHIR() bool {
	for i := 0; i+4 <= len(a.base); i++ {
		if c := a.base[i]; (c == 'f' || c == 'F') && bytes.EqualFold(a.base[i:i+4], []byte("fhir")) {
			return true
		}
	}
	return false
}

// isID reports whether p may be a resource's id (datatypes.html#id).
func isID(p []byte) bool {
	if len(p) == 0 || len(p) > 64 {
		return false
	}
	for _, b := range p {
		if !('0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '-' || b == '.') {
			return false
		}
	}
	return true
}

// isName reports whether p may be an operation's name.
func isName(p []byte) bool {
	return isID(p) && ('a' <= p[0] && p[0] <= 'z' || 'A' <= p[0] && p[0] <= 'Z')
}

// isPage reports whether an id is rather a file of a web application: list.html.
func isPage(id []byte) bool {
	i := bytes.LastIndexByte(id, '.')
	if i < 0 || len(id)-i < 3 || len(id)-i > 6 {
		return false
	}
	for _, b := range id[i+1:] {
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z') {
			return false
		}
	}
	return true
}

// typeName is the resource type of that name; empty where there is none.
func typeName(p []byte) string {
	if t := findType(p); t != nil {
		return t.name
	}
	return ""
}

func findType(p []byte) *resourceType {
	if len(p) < 4 || p[0] < 'A' || p[0] > 'Z' {
		return nil
	}
	low, high := 0, len(resourceTypes)
	for low < high {
		mid := int(uint(low+high) / 2)
		switch name := resourceTypes[mid].name; {
		case name == string(p):
			return &resourceTypes[mid]
		case name < string(p):
			low = mid + 1
		default:
			high = mid
		}
	}
	return nil
}

// Package fhir tells from the facts of an HTTP exchange whether it is a FHIR interaction, and which.
//
// # The RESTful API (FHIR R5 http.html; the same in R4, and but for names since DSTU2)
//
// Below a base address a server has an address for each resource type, each resource and each version of one. The method
// says what is to be done:
//
//	GET    base/Patient/4711                     read            PUT     update, PATCH patch, DELETE delete
//	GET    base/Patient/4711/_history/2          vread
//	GET    base/Patient/4711/_history            history         also base/Patient/_history, base/_history
//	POST   base/Patient                          create
//	GET    base/Patient?name=x                   search-type     also POST base/Patient/_search with a form
//	GET    base/Patient/4711/Observation?code=x  search in a compartment
//	GET    base/metadata                         capabilities
//	POST   base                                  transaction or batch: a Bundle that says which
//	any    base/Patient/4711/$everything         operation       also base/Patient/$match, base/$convert
//
// Resources travel as application/fhir+json or application/fhir+xml (DSTU2: application/json+fhir, application/xml+fhir), whose
// parameter fhirVersion may tell the release. Searches and histories are answered by a Bundle, failures by an OperationOutcome.
//
// # What counts as FHIR
//
// Many applications have a path with /Patient/ in it. An address of the form above alone is no proof: a media type of
// FHIR, a body that is a FHIR resource, or a base address that says fhir has to come with it.
package fhir

import "bytes"

// Exchange is what is known of an HTTP request and its response. What is not known is empty.
type Exchange struct {
	Method []byte
	// Target is the request's path and query, as in the request line.
	Target []byte
	// RequestType and ResponseType are the Content-Type fields, Accept is that of the request.
	RequestType, Accept, ResponseType []byte
	// Status is the response's status code; 0 while there is none.
	Status int
	// RequestBody and ResponseBody are the first bytes of the bodies, without their content coding.
	RequestBody, ResponseBody []byte
}

// Release is a release of the standard. 0 means that it is not known.
type Release uint8

const (
	DSTU2 Release = iota + 1
	STU3
	R4
	R4B
	R5
)

func (r Release) String() string {
	names := [...]string{"", "DSTU2", "STU3", "R4", "R4B", "R5"}
	if int(r) < len(names) {
		return names[r]
	}
	return ""
}

// Kind is an interaction. 0 means one that the API does not have, on an exchange that is FHIR by its content.
type Kind uint8

const (
	Read Kind = iota + 1
	VRead
	Update
	Patch
	Delete
	DeleteHistory // of a resource or of one version (R5)
	HistoryInstance
	HistoryType
	HistorySystem
	Create
	SearchType
	SearchCompartment
	SearchSystem
	Capabilities
	Transaction
	Batch
	// Bundle is a transaction or a batch whose body was not seen.
	Bundle
	Operation
)

// String is the code of value set system-restful-interaction and type-restful-interaction, where there is one.
func (k Kind) String() string {
	names := [...]string{"", "read", "vread", "update", "patch", "delete", "delete-history", "history-instance", "history-type",
		"history-system", "create", "search-type", "search-compartment", "search-system", "capabilities", "transaction", "batch", "bundle", "operation"}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

// Interaction is what an exchange does. Its slices point into the exchange.
type Interaction struct {
	Kind    Kind
	Release Release
	// Base is the path before the resource type.
	Base []byte
	// Type is the resource type; empty at the level of the system.
	Type string
	// ID and VersionID are those of the resource; in a compartment search ID is that of the compartment's resource,
	// whose type is Compartment.
	ID, VersionID []byte
	Compartment   string
	// Operation is an operation's name without the $.
	Operation []byte
	// Params are the names of search parameters, without modifiers and chains, at most 32.
	Params [][]byte
	// Conditional says that an update, patch or delete names its resource by a search, or a create forbids duplicates by one.
	Conditional bool

	// Resource is the type of the resource that came back; empty where none was seen.
	Resource string
	// BundleType, Total and Entries are those of a Bundle that came back. Total is -1 where it is not told. Entries
	// counts those that begin within the bytes that were seen.
	BundleType []byte
	Total      int
	Entries    int
	// Severity and Code are those of the first issue of an OperationOutcome that came back.
	Severity, Code []byte
}

// maxParams bounds the parameter names that are kept.
const maxParams = 32

// Describe tells what x does and reports whether it is FHIR; where it is not, in means nothing. It keeps no reference
// to x but what in points to, and reuses the slices of in.
func Describe(x *Exchange, in *Interaction) bool {
	path, query := cut(x.Target, '?')
	media := mediaOf(x.RequestType) | mediaOf(x.ResponseType)
	var at address
	fits := at.parse(path)
	if !fits && media == 0 && !mayHoldResource(x.ResponseType, x.ResponseBody) && !mayHoldResource(x.RequestType, x.RequestBody) {
		return false
	}
	*in = Interaction{Total: -1, Params: in.Params[:0]}
	var sent body
	if mayHoldResource(x.RequestType, x.RequestBody) {
		sent.read(x.RequestBody)
	}
	var came body
	if mayHoldResource(x.ResponseType, x.ResponseBody) {
		came.read(x.ResponseBody)
	}
	content := media != 0 || came.resource != "" || sent.resource != ""
	if !content && !(fits && (mediaOf(x.Accept) != 0 || at.saysFHIR() && !x.isPage() && !isPage(at.id) || formatParam(query))) {
		return false
	}
	in.fill(x, &at, fits, query)
	in.take(x, &sent, &came)
	in.release(x, &at, &sent, &came)
	return true
}

// isPage reports whether the answer is a web page, and not one that tells of a failure.
func (x *Exchange) isPage() bool {
	return x.Status >= 200 && x.Status < 300 && bytes.HasPrefix(x.ResponseType, []byte("text/html"))
}

// fill takes what the address and the method say.
func (in *Interaction) fill(x *Exchange, at *address, fits bool, query []byte) {
	in.params(query)
	if !fits {
		in.Base, _ = cut(x.Target, '?')
		return
	}
	in.Base, in.Type, in.ID, in.VersionID = at.base, at.kind, at.id, at.version
	in.Operation, in.Compartment = at.operation, at.compartment
	in.Kind = at.interaction(x.Method)
	if at.search && bytes.HasPrefix(x.RequestType, []byte("application/x-www-form-urlencoded")) {
		in.params(x.RequestBody)
	}
	in.Conditional = at.level == typeLevel && (in.Kind == Update || in.Kind == Patch || in.Kind == Delete)
}

// take takes what the bodies say.
func (in *Interaction) take(x *Exchange, sent, came *body) {
	in.Resource = came.resource
	switch came.resource {
	case "Bundle":
		in.BundleType, in.Total, in.Entries = came.bundleType, came.total, came.entries
	case "OperationOutcome":
		in.Severity, in.Code = came.severity, came.code
	}
	if in.Kind != 0 {
		return
	}
	// The path says nothing: it may be the base itself.
	switch {
	case string(x.Method) == "POST" && string(sent.bundleType) == "transaction":
		in.Kind = Transaction
	case string(x.Method) == "POST" && string(sent.bundleType) == "batch":
		in.Kind = Batch
	case string(x.Method) == "POST" && in.Type == "" && sent.resource == "" && mediaOf(x.RequestType) != 0:
		in.Kind = Bundle
	case string(x.Method) == "GET" && string(came.bundleType) == "searchset" && in.Type == "" && len(in.Params) > 0:
		in.Kind = SearchSystem
	}
	if in.Type == "" && in.Kind == 0 && came.resource != "Bundle" && came.resource != "OperationOutcome" {
		in.Type = came.resource
	}
	if in.Type == "" && in.Kind == 0 && sent.resource != "Bundle" {
		in.Type = sent.resource
	}
}

// params adds the names in a query or a form.
func (in *Interaction) params(query []byte) {
	for len(query) > 0 && len(in.Params) < maxParams {
		var pair []byte
		pair, query = cut(query, '&')
		name, _ := cut(pair, '=')
		for i, b := range name {
			if b == ':' || b == '.' || b == '%' {
				name = name[:i]
				break
			}
		}
		if len(name) > 0 && len(name) <= maxName {
			in.Params = append(in.Params, name)
		}
	}
}

// maxName is the longest name of a parameter or an operation that is kept.
const maxName = 64

// formatParam reports whether a query asks for a format as FHIR does (http.html §3.2.0.1.11).
func formatParam(query []byte) bool {
	for len(query) > 0 {
		var pair []byte
		pair, query = cut(query, '&')
		if bytes.HasPrefix(pair, []byte("_format=")) {
			return true
		}
	}
	return false
}

// media is what a media type says.
type media uint8

const (
	isFHIR media = 1 << iota
	isOld        // in the way of DSTU2
)

// mediaOf looks for the media types of FHIR in a Content-Type or Accept field.
func mediaOf(field []byte) media {
	i := bytes.Index(field, []byte("fhir"))
	if i < 0 {
		i = bytes.Index(field, []byte("FHIR"))
	}
	if i < 0 {
		return 0
	}
	before, after := field[:i], field[i+len("fhir"):]
	switch {
	case endsIn(before, "application/") && len(after) > 0 && after[0] == '+':
		return isFHIR
	case endsIn(before, "application/json+"), endsIn(before, "application/xml+"):
		return isFHIR | isOld
	}
	return 0
}

// endsIn reports whether p ends in s, in whatever case.
func endsIn(p []byte, s string) bool {
	return len(p) >= len(s) && bytes.EqualFold(p[len(p)-len(s):], []byte(s))
}

func cut(p []byte, sep byte) (before, after []byte) {
	if i := bytes.IndexByte(p, sep); i >= 0 {
		return p[:i], p[i+1:]
	}
	return p, nil
}

// Package dicomweb tells from the facts of an HTTP exchange whether it is DICOM over the web, and what it does
// (PS3.18).
//
// Below a base address a server has studies, in them series, in them instances, each named by its UID:
//
//	GET    base/studies?PatientID=4711                     QIDO-RS  search; also series and instances, below a study or a series
//	GET    base/studies/1.2.3/series/1.2.4                 WADO-RS  retrieve, as multipart/related
//	GET    .../metadata, .../rendered, .../thumbnail       WADO-RS  what is known of it, a picture of it
//	GET    .../instances/1.2.5/frames/1,2                  WADO-RS  frames, and .../bulkdata/...
//	POST   base/studies, base/studies/1.2.3                STOW-RS  store what the parts of the body hold
//	DELETE base/studies/1.2.3                              not of the standard, but met
//	GET    base?requestType=WADO&studyUID=...&objectUID=   WADO-URI retrieve one object
//	any    base/workitems/1.2.6/state                      UPS-RS   the worklist
//
// A path with /studies/ in it alone is no proof: a UID has to stand behind it, or a media type of DICOM or a query for an
// attribute of DICOM has to come with it.
package dicomweb

import "bytes"

// Exchange is what is known of an HTTP request and its response. What is not known is empty.
type Exchange struct {
	Method []byte
	// Target is the request's path and query, as in the request line.
	Target []byte
	// RequestType and ResponseType are the Content-Type fields, Accept is that of the request.
	RequestType, Accept, ResponseType []byte
}

// Service is a service of PS3.18. 0 is none.
type Service uint8

// The services.
const (
	QIDO Service = iota + 1 // search for objects
	WADO                    // retrieve objects
	STOW                    // store objects
	URI                     // retrieve an object by parameters
	UPS                     // worklist
)

func (s Service) String() string {
	return [...]string{"", "QIDO-RS", "WADO-RS", "STOW-RS", "WADO-URI", "UPS-RS"}[s]
}

// Interaction is what an exchange does. Its slices point into the exchange.
type Interaction struct {
	Service Service
	// Action is what is done, in the words of PS3.18: Search, Retrieve, Retrieve Metadata, Retrieve Rendered, Retrieve
	// Thumbnail, Retrieve Frames, Retrieve Bulkdata, Store, Delete; of the worklist Create, Update, Change State,
	// Request Cancellation, Subscribe, Unsubscribe.
	Action string
	// Level is what it is done to: study, series, instance, frame, bulkdata or workitem.
	Level string
	// Study, Series and Instance are the UIDs in the address; Instance is that of a work item too.
	Study, Series, Instance []byte
	// Frames is the list of frames that are asked for.
	Frames []byte
	// Base is the path before the first resource.
	Base []byte
	// Query is what stands behind the question mark; see [Keys].
	Query []byte
}

// Describe tells what an exchange does, into in. It reports whether the exchange is DICOM over the web.
func Describe(x *Exchange, in *Interaction) bool {
	*in = Interaction{}
	path, query, _ := bytes.Cut(x.Target, []byte("?"))
	in.Query = query
	if in.byParameters(path, query) {
		return true
	}
	sure, ok := in.resource(pathOf(path))
	if !ok {
		return false
	}
	if !sure && !ofDICOM(x.RequestType) && !ofDICOM(x.Accept) && !ofDICOM(x.ResponseType) && !asksForAttribute(query) {
		return false
	}
	return in.act(x.Method)
}

// Plausible tells cheaply whether a target may be one that [Describe] takes.
func Plausible(target []byte) bool {
	for _, s := range [...]string{"/studies", "/series", "/instances", "/workitems", "equestType="} {
		if bytes.Contains(target, []byte(s)) {
			return true
		}
	}
	return false
}

func ofDICOM(media []byte) bool { return bytes.Contains(media, []byte("dicom")) }

// pathOf is the path of a target, without the scheme and the host that stand before it when a proxy is asked.
func pathOf(path []byte) []byte {
	i := bytes.Index(path, []byte("://"))
	if i < 0 || path[0] == '/' {
		return path
	}
	path = path[i+3:]
	if i = bytes.IndexByte(path, '/'); i < 0 {
		return nil
	}
	return path[i:]
}

// byParameters reads a request of WADO-URI (PS3.18 §9.4).
func (in *Interaction) byParameters(path, query []byte) bool {
	wado := false
	for name, value := range Keys(query) {
		switch string(name) {
		case "requestType":
			wado = string(value) == "WADO"
		case "studyUID":
			in.Study = value
		case "seriesUID":
			in.Series = value
		case "objectUID":
			in.Instance = value
		case "frameNumber":
			in.Frames = value
		}
	}
	if !wado || len(in.Instance) == 0 {
		in.Study, in.Series, in.Instance, in.Frames = nil, nil, nil, nil
		return false
	}
	in.Service, in.Action, in.Level, in.Base = URI, "Retrieve", "instance", pathOf(path)
	return true
}

// isUID tells whether b is a UID (PS3.5 §9.1): numbers with dots, two dots at least.
func isUID(b []byte) bool {
	dots := 0
	for i, c := range b {
		switch {
		case c == '.':
			if i == 0 || b[i-1] == '.' {
				return false
			}
			dots++
		case c < '0' || c > '9':
			return false
		}
	}
	return dots >= 2 && len(b) <= 64 && b[0] <= '2' && b[len(b)-1] != '.'
}

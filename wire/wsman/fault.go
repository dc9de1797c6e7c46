package wsman

// Fault is why a request is not answered as it should be (DSP0226 §14.6).
type Fault uint8

// The faults that are told.
const (
	FaultFormat     Fault = iota // no envelope of SOAP
	FaultVersion                 // one of another SOAP
	FaultUnderstand              // a header that must be understood is not
	FaultHeader                  // a header is missing that an answer needs
	FaultAction                  // nothing that a collector does
	FaultResource                // nothing that there is here
	FaultLarge                   // larger than agreed
	FaultBusy                    // no room now
)

var faults = [...]struct {
	code    string
	subcode string // with the prefix of its namespace; "": none
	text    string
	status  int // of HTTP
}{
	FaultFormat:     {"s:Sender", "w:SchemaValidationError", "the message is no envelope of SOAP", 400},
	FaultVersion:    {"s:VersionMismatch", "", "the envelope is none of SOAP 1.2", 400},
	FaultUnderstand: {"s:MustUnderstand", "", "a header that must be understood is not", 400},
	FaultHeader:     {"s:Sender", "a:MessageInformationHeaderRequired", "a:MessageID or the identifier of the subscription is missing", 400},
	FaultAction:     {"s:Sender", "a:ActionNotSupported", "the action is none of a collector's", 400},
	FaultResource:   {"s:Sender", "a:DestinationUnreachable", "nothing is known of this resource or subscription", 404},
	FaultLarge:      {"s:Sender", "w:EncodingLimit", "the message is larger than agreed", 400},
	FaultBusy:       {"s:Receiver", "a:EndpointUnavailable", "no room: come again later", 503},
}

// Status is that of HTTP.
func (f Fault) Status() int { return faults[f].status }

func (f Fault) String() string { return faults[f].text }

// Text is the envelope of a fault that answers r. id is a GUID of its own.
func (f Fault) Text(r *Request, id string) []byte {
	about := faults[f]
	action := actionFault
	if len(about.subcode) > 0 && about.subcode[0] == 'a' {
		action = actionAddressing
	}
	var w writer
	w.begin(r, action, id)
	w.put(`<s:Fault><s:Code><s:Value>%</s:Value>`, about.code)
	if about.subcode != "" {
		w.put(`<s:Subcode><s:Value>%</s:Value></s:Subcode>`, about.subcode)
	}
	w.put(`</s:Code><s:Reason><s:Text xml:lang="en-US">%</s:Text></s:Reason></s:Fault>`, about.text)
	return w.end()
}

// Package astm decodes what laboratory analysers and the laboratory's information system say to each other: records
// after ASTM E1394 (CLSI LIS2-A2) in frames after ASTM E1381 (CLSI LIS1-A).
//
// # The records (LIS2-A2)
//
// A message is text: records that end with a carriage return, each beginning with one letter. The first is the header,
// whose next four bytes are the separators of fields, repetitions and components and the escape character:
//
//	H|\^&|||XN-550^00-22^11001|||||host||P|E1394-97|20261122074501
//	P|1|practice id|laboratory id|id 3|FAMILY^GIVEN
//	O|1|specimen||^^^^WBC\^^^^RBC|R
//	R|1|^^^^WBC|6.85|10*3/uL||N||F||operator|||20261122074459|instrument
//	L|1|N
//
// A message orders (host to analyser), reports results, or asks for orders (Q). C is a comment, M is the manufacturer's
// own, S is for science. L ends the message with a code that says how.
//
// # The frames (LIS1-A)
//
// The side that has something to say bids with ENQ. The other answers ACK, or NAK where it is busy. Then each frame waits
// for its ACK; one that is answered with NAK is sent again under its number. EOT gives the line back:
//
//	ENQ ACK   STX number text ETX|ETB checksum CR LF   ACK   ...   EOT
//
// A frame that ends with ETB goes on in the next. Over TCP some analysers send the records bare, which is read too.
//
// # What is kept
//
// [Message] holds what the traffic tells of machines: sender, receiver, tests, instruments, counts and how the line
// behaved; and the patient's identifiers and name as they stand on the wire, for the caller to replace by pseudonyms.
// Results, specimens and comments are counted and never kept. What exceeds a bound sets [Message.Cut].
package astm

// Message is what one message tells. Its slices are valid during the call that hands it over.
type Message struct {
	// ControlID, Sender, Characteristics, Receiver, Processing, Version and Time are fields 3, 5, 9, 10, 12, 13 and 14 of
	// the header, as written.
	ControlID, Sender, Characteristics, Receiver []byte
	Processing                                   []byte // P production, T training, D debugging, Q quality control
	Version                                      []byte
	Time                                         []byte // YYYYMMDDHHMMSS
	// Component separates the components of a field; 0 where the header declares none.
	Component byte
	// Password says that the header carries an access password, in clear.
	Password bool

	// Patients are the identifiers of patients, each once: those that the practice gave, that the laboratory gave, and the
	// third of each patient record.
	Patients [][]byte
	// Names are the names of patients as written, each once.
	Names [][]byte
	// Tests are the codes of tests ordered, asked for or reported, each once: the first component that is not empty, which
	// is the manufacturer's code in nearly all messages.
	Tests [][]byte
	// Instruments are field 14 of the results, each once.
	Instruments [][]byte
	// Termination is field 3 of the last record: N normal, T the sender gave up, R the receiver did, E an error, Q an error
	// in the last request, I nothing known of what was asked, F the last request is done. Empty where none was seen.
	Termination []byte

	// The records of each kind.
	PatientCount, Orders, Results, Queries, Comments, Makers int
	// Records counts all records, header included.
	Records int
	// Bytes is the length of the records in bytes.
	Bytes int64

	// Framed says that the records came in frames. Frames counts those taken; Repeated those that the receiver refused or
	// that came twice; BadChecksums those whose checksum is wrong.
	Framed                         bool
	Frames, Repeated, BadChecksums int

	// Cut says that part of the message was not seen or not kept.
	Cut bool

	arena []byte
}

// Bounds of what is kept of one message.
const (
	maxList   = 32       // elements of a list
	maxValue  = 256      // bytes of one value
	maxArena  = 16 << 10 // bytes of all values
	maxRecord = 8 << 10  // bytes of a record that are looked at
)

func (m *Message) reset() {
	*m = Message{arena: m.arena[:0], Patients: m.Patients[:0], Names: m.Names[:0], Tests: m.Tests[:0], Instruments: m.Instruments[:0]}
}

// Activity says what m is for: "Result", "Order", "Query", or "Other" for one that does none of these.
func (m *Message) Activity() string {
	switch {
	case m.Results > 0:
		return "Result"
	case m.Queries > 0:
		return "Query"
	case m.Orders > 0:
		return "Order"
	}
	return "Other"
}

// FromAnalyser reports whether m is of the kind that only the measuring side sends.
func (m *Message) FromAnalyser() bool { return m.Results > 0 || m.Queries > 0 }

package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Outcome is how an act ended.
type Outcome string

const (
	// Done means that the act took place.
	Done Outcome = "done"
	// Refused means that a rule or a person said no.
	Refused Outcome = "refused"
	// Failed means that it was tried and did not succeed.
	Failed Outcome = "failed"
)

// Host is the actor of what was done at the command line of the machine itself.
const Host = "host"

// Person is the actor, or the object, that is the person with this id.
func Person(id string) string { return "person:" + id }

// Program is the actor that is one room of the program.
func Program(room string) string { return "program:" + room }

// Entry is one act, told so that it can be understood years later. It never holds a patient's data, a secret, or
// what somebody typed into a field of a secret.
type Entry struct {
	// Seq is the place in the ledger, from 0. [Ledger.Append] gives it.
	Seq int64 `json:"seq"`
	// Time is when it happened, in whole milliseconds UTC. Zero means now.
	Time time.Time `json:"at"`
	// Actor is who did it: [Person], [Program] or [Host].
	Actor string `json:"actor"`
	// Act is what was done, as room.act: "identity.invite".
	Act string `json:"act"`
	// Object is what it was done to: "person:0193...". Empty where there is none.
	Object string `json:"object,omitempty"`
	// Outcome is how it ended.
	Outcome Outcome `json:"outcome"`
	// Detail is what else matters, in few words: "duties": "reader,analyst".
	Detail map[string]string `json:"detail,omitempty"`
}

const (
	maxWord   = 200     // bytes of an actor, an act, an object
	maxRecord = 8 << 10 // bytes of a whole record
)

// ErrEntry means that an entry cannot be kept as it is.
var ErrEntry = errors.New("ledger: bad entry")

// ErrUnread means that an entry that is kept cannot be read: it was changed, or is of a newer program.
var ErrUnread = errors.New("ledger: unreadable entry")

// record is an entry as it is hashed and kept. Its form never changes once written: version tells a later one apart.
type record struct {
	Version int `json:"v"`
	Entry
}

const version = 1

// encode writes e as one JSON object, the same bytes for the same entry.
func encode(e Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	var out bytes.Buffer
	j := json.NewEncoder(&out)
	j.SetEscapeHTML(false)
	if err := j.Encode(record{version, e}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	text := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	if len(text) > maxRecord {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrEntry, len(text), maxRecord)
	}
	return text, nil
}

func decode(text []byte) (Entry, error) {
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return Entry{}, fmt.Errorf("reading a record: %w", err)
	}
	if r.Version != version {
		return Entry{}, fmt.Errorf("reading a record: version %d, and this program reads %d", r.Version, version)
	}
	return r.Entry, nil
}

func (e Entry) check() error {
	if e.Outcome != Done && e.Outcome != Refused && e.Outcome != Failed {
		return fmt.Errorf("outcome %q is none of done, refused, failed", e.Outcome)
	}
	if e.Actor == "" || e.Act == "" {
		return errors.New("an actor and an act are needed")
	}
	for _, s := range []string{e.Actor, e.Act, e.Object} {
		if len(s) > maxWord {
			return fmt.Errorf("%.40q... is longer than %d bytes", s, maxWord)
		}
		if !plain(s) {
			return fmt.Errorf("%q is not plain text", s)
		}
	}
	for k, v := range e.Detail {
		if !plain(k) || !plain(v) {
			return fmt.Errorf("detail %q: %q is not plain text", k, v)
		}
	}
	return nil
}

// plain refuses what JSON would silently replace (bytes that are not UTF-8) and what PostgreSQL cannot keep (NUL).
func plain(s string) bool {
	return utf8.ValidString(s) && !bytes.ContainsRune([]byte(s), 0)
}

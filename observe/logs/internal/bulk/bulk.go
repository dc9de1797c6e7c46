// Package bulk takes in what shippers of logs send to Elasticsearch: its bulk API
// (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk), and enough of what they ask for before they send.
package bulk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/intake"
)

// Bounds of a request.
const (
	maxLine   = 1 << 20  // bytes of an action or a document
	maxBody   = 64 << 20 // bytes of a request, unpacked
	maxItems  = 100_000
	batchLen  = 512     // documents that are handed over together
	batchSize = 1 << 20 // bytes of those
	patience  = 10 * time.Second
)

// Why documents are refused.
const (
	reasonAction = "not an action of the bulk API"
	reasonDoc    = "not an object of JSON"
	reasonLong   = "longer than 1 MiB"
	reasonFull   = "no room"
)

// Request is one that is taken in.
type Request struct {
	Body   io.Reader     // unpacked
	Index  string        // of the path; may be empty
	Base   intake.Record // what is known of the sender
	To     intake.Sink
	Reader *document.Reader
	Tally  *intake.Tally
}

// item is the answer to one action.
type item struct {
	action, index, id string
	status            int
	kind, reason      string
}

// taking is the state of a request that is read.
type taking struct {
	*Request
	lines   *bufio.Reader
	items   []item
	records []intake.Record
	owners  []int  // item of each record
	text    []byte // of the documents that are not handed over yet
	full    bool   // the sink had no room

	body   *io.LimitedReader
	action []byte // the action before, which mostly is that of the next too
	said   item
}

var (
	// ErrBody means that a request could not be read to its end.
	ErrBody = errors.New("bulk: reading the request")
	// ErrLarge means a request of more than 64 MiB or 100,000 actions: its sender is to split it.
	ErrLarge = errors.New("bulk: request too large")
)

// Take reads a request and hands its documents over. It returns the items of the answer, and whether the sink had no room for some.
func Take(ctx context.Context, r Request) (Answer, error) {
	start := time.Now()
	t := &taking{Request: &r, text: make([]byte, 0, 64<<10), body: &io.LimitedReader{R: r.Body, N: maxBody + 1}}
	t.lines = bufio.NewReaderSize(t.body, 64<<10)
	defer r.Reader.Reset()
	for more := true; more; {
		var err error
		if more, err = t.next(ctx); err != nil {
			return Answer{}, err
		}
		if t.body.N == 0 || len(t.items) > maxItems {
			return Answer{}, ErrLarge
		}
	}
	t.flush(ctx)
	return Answer{items: t.items, took: time.Since(start), Full: t.full}, nil
}

// next takes one action with its document.
func (t *taking) next(ctx context.Context) (bool, error) {
	action, _, err := t.line()
	for err == nil && len(bytes.TrimSpace(action)) == 0 {
		action, _, err = t.line()
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !bytes.Equal(action, t.action) {
		t.action, t.said = append(t.action[:0], action...), parseAction(action, t.Index)
	}
	it := t.said
	if it.action == "delete" {
		t.refuse(it, http.StatusBadRequest, "illegal_argument_exception", reasonAction)
		return true, nil
	}
	doc, long, err := t.line()
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch {
	case it.action != "index" && it.action != "create":
		t.refuse(it, http.StatusBadRequest, "illegal_argument_exception", reasonAction)
	case long:
		t.refuse(it, http.StatusBadRequest, "document_parsing_exception", reasonLong)
	default:
		t.add(ctx, it, doc)
	}
	return true, nil
}

// line reads a line, the end of which it takes off. What is longer than a line may be is passed over. The line stays where it is
// until the documents are handed over.
func (t *taking) line() (line []byte, long bool, err error) {
	if len(t.text) > 2*batchSize {
		t.text = make([]byte, 0, batchSize) // the old one belongs to records that wait
	}
	from := len(t.text)
	for {
		part, err := t.lines.ReadSlice('\n')
		if long = long || len(t.text)-from+len(part) > maxLine; !long {
			t.text = append(t.text, part...)
		}
		switch {
		case err == nil:
			return bytes.TrimRight(t.text[from:], "\r\n"), long, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (len(t.text) > from || long):
			return t.text[from:], long, nil
		case errors.Is(err, io.EOF):
			return nil, false, io.EOF
		default:
			return nil, false, fmt.Errorf("%w: %w", ErrBody, err)
		}
	}
}

// add takes a document.
func (t *taking) add(ctx context.Context, it item, doc []byte) {
	base := t.Base
	base.Stream = it.index
	before := len(t.records)
	records, err := t.Reader.Read(doc, base, t.records)
	if err != nil {
		t.refuse(it, http.StatusBadRequest, "document_parsing_exception", reasonDoc)
		return
	}
	t.records = records
	it.status = http.StatusCreated
	t.items = append(t.items, it)
	for range len(records) - before {
		t.owners = append(t.owners, len(t.items)-1)
	}
	if len(t.records) >= batchLen || len(t.text) >= batchSize {
		t.flush(ctx)
	}
}

func (t *taking) refuse(it item, status int, kind, reason string) {
	it.status, it.kind, it.reason = status, kind, reason
	t.items = append(t.items, it)
	t.Tally.Add(reason, 1)
}

// flush hands over what was read. Once there was no room, nothing more is handed over: the sender is to wait.
func (t *taking) flush(ctx context.Context) {
	if len(t.records) > 0 && !t.full {
		t.full = Hand(ctx, t.To, t.records) != nil
	}
	if t.full {
		for _, owner := range t.owners {
			it := &t.items[owner]
			if it.status == http.StatusCreated {
				t.Tally.Add(reasonFull, 1)
			}
			it.status, it.kind, it.reason = http.StatusTooManyRequests, "es_rejected_execution_exception", reasonFull
		}
	}
	t.Reader.Reset()
	clear(t.records)
	t.records, t.owners, t.text = t.records[:0], t.owners[:0], t.text[:0]
}

// Hand hands records over, and waits ten seconds for room.
func Hand(ctx context.Context, to intake.Sink, records []intake.Record) error {
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return to.Take(limit, records)
}

// parseAction reads a line that says what to do with the document after it: {"index":{"_index":"logs","_id":"1"}}.
func parseAction(line []byte, index string) item {
	it := item{index: index}
	var actions map[string]struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	}
	if json.Unmarshal(line, &actions) != nil || len(actions) != 1 {
		return it
	}
	for name, a := range actions {
		it.action, it.id = name, a.ID
		if a.Index != "" {
			it.index = a.Index
		}
	}
	return it
}

// Document takes one document that is sent by itself.
func Document(ctx context.Context, r Request) (Answer, error) {
	doc, err := io.ReadAll(io.LimitReader(r.Body, maxLine+1))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrBody, err)
	}
	t := &taking{Request: &r}
	it := item{action: "create", index: r.Index}
	if len(doc) > maxLine {
		t.refuse(it, http.StatusBadRequest, "document_parsing_exception", reasonLong)
	} else {
		t.add(ctx, it, doc)
	}
	t.flush(ctx)
	return Answer{items: t.items, Full: t.full}, nil
}

// Answer is what a request is answered with.
type Answer struct {
	Full  bool // the sink had no room for some of it
	items []item
	took  time.Duration
}

// Status is that of the answer: 429 where nothing was taken for want of room.
func (a *Answer) Status() int {
	for i := range a.items {
		if a.items[i].status != http.StatusTooManyRequests {
			return http.StatusOK
		}
	}
	if len(a.items) == 0 {
		return http.StatusBadRequest
	}
	return http.StatusTooManyRequests
}

// Taken is how many documents were taken.
func (a *Answer) Taken() (n int) {
	for i := range a.items {
		if a.items[i].status == http.StatusCreated {
			n++
		}
	}
	return n
}

// JSON is the body of the answer, an entry for each action.
func (a *Answer) JSON() []byte {
	b := fmt.Appendf(nil, `{"took":%d,"errors":%v,"items":[`, a.took.Milliseconds(), a.Taken() < len(a.items))
	for i := range a.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.items[i].append(b)
	}
	return append(b, `]}`...)
}

// One is the body of the answer to one document.
func (a *Answer) One() []byte {
	b := a.items[0].append(nil)
	_, b, _ = bytes.Cut(b, []byte{':'})
	return b[:len(b)-1]
}

func (it *item) append(b []byte) []byte {
	b = append(b, `{`...)
	b = appendString(b, knownAction(it.action))
	b = append(b, `:{"_index":`...)
	b = appendString(b, it.index)
	b = append(b, `,"_id":`...)
	b = appendString(b, it.id)
	b = fmt.Appendf(b, `,"status":%d`, it.status)
	if it.kind == "" {
		return append(b, `,"result":"created","_version":1,"_shards":{"total":1,"successful":1,"failed":0}}}`...)
	}
	b = fmt.Appendf(b, `,"error":{"type":%q,"reason":%q}}}`, it.kind, it.reason)
	return b
}

// knownAction is the name by which an action is answered.
func knownAction(name string) string {
	switch name {
	case "index", "create", "update", "delete":
		return name
	}
	return "index"
}

func appendString(b []byte, s string) []byte {
	text, err := json.Marshal(strings.ToValidUTF8(s, "?"))
	if err != nil {
		return append(b, `""`...)
	}
	return append(b, text...)
}

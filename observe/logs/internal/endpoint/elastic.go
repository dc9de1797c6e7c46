package endpoint

import (
	"errors"
	"io"
	"net/http"

	"bulwark/observe/logs/internal/bulk"
	"bulwark/observe/logs/internal/document"
)

// taken reads a request by take, and answers where it cannot be read or nothing of it has room.
func (c *call) taken(w http.ResponseWriter, r *http.Request, take func(bulk.Request) (bulk.Answer, error)) (bulk.Answer, bool) {
	body, closed, ok := c.body(w, r)
	if !ok {
		return bulk.Answer{}, false
	}
	defer closed()
	reader := c.readers.Get().(*document.Reader)
	defer c.readers.Put(reader)
	a, err := take(bulk.Request{Body: body, Index: r.PathValue("index"), Base: c.base, To: c.to, Reader: reader, Tally: &c.Tally})
	switch {
	case errors.Is(err, bulk.ErrLarge):
		c.Add(reasonLarge, 1)
		bulk.Refuse(w, http.StatusRequestEntityTooLarge, "content_too_long_exception", reasonLarge)
		return a, false
	case err != nil:
		c.broken(w)
		return a, false
	case a.Status() == http.StatusTooManyRequests:
		c.full(w)
		return a, false
	}
	if a.Full {
		w.Header().Set("Retry-After", retryAfter)
	}
	bulk.Head(w)
	w.Header().Set("Content-Type", "application/json")
	return a, true
}

func (c *call) bulk(w http.ResponseWriter, r *http.Request) {
	a, ok := c.taken(w, r, func(q bulk.Request) (bulk.Answer, error) { return bulk.Take(r.Context(), q) })
	if ok {
		w.WriteHeader(a.Status())
		_, _ = w.Write(a.JSON())
	}
}

func (c *call) document(w http.ResponseWriter, r *http.Request) {
	a, ok := c.taken(w, r, func(q bulk.Request) (bulk.Answer, error) { return bulk.Document(r.Context(), q) })
	if ok {
		status := http.StatusCreated
		if a.Taken() == 0 {
			status = http.StatusBadRequest
		}
		w.WriteHeader(status)
		_, _ = w.Write(a.One())
	}
}

// resource takes an AuditEvent of FHIR, or a Bundle of them (IHE ITI-20, its feed by FHIR).
func (c *call) resource(w http.ResponseWriter, r *http.Request) {
	body, closed, ok := c.body(w, r)
	if !ok {
		return
	}
	defer closed()
	doc, err := io.ReadAll(io.LimitReader(body, maxResource+1))
	if err != nil || len(doc) > maxResource {
		c.broken(w)
		return
	}
	reader := c.readers.Get().(*document.Reader)
	defer c.readers.Put(reader)
	records := reader.Resource(doc, c.base)
	if len(records) == 0 {
		c.Add(reasonResource, 1)
		outcome(w, http.StatusUnprocessableEntity, "invalid", "no AuditEvent")
		return
	}
	if bulk.Hand(r.Context(), c.to, records) != nil {
		c.Add(reasonBusy, len(records))
		w.Header().Set("Retry-After", retryAfter)
		outcome(w, http.StatusTooManyRequests, "throttled", "no room: come again later")
		return
	}
	outcome(w, http.StatusCreated, "informational", "taken")
}

// outcome answers as a server of FHIR does.
func outcome(w http.ResponseWriter, status int, code, text string) {
	severity := "error"
	if status < 300 {
		severity = "information"
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	bulk.Say(w, status, map[string]any{"resourceType": "OperationOutcome",
		"issue": []any{map[string]any{"severity": severity, "code": code, "diagnostics": text}}})
}

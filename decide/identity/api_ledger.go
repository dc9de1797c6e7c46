package identity

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// getLedger lists the ledger: ?cursor= as the page before gave it, ?limit=, and filters by actor, act ("identity." for
// all of a room), object, outcome, since and until (RFC 3339).
func (i *Identity) getLedger(w http.ResponseWriter, r *http.Request) {
	q, bad := query(r.URL.Query())
	if bad != "" {
		web.RefuseFields(w, r, http.StatusBadRequest, "query", map[string]string{bad: "malformed"})
		return
	}
	p, err := i.ledger.List(r.Context(), q)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, p)
}

// query reads the filters; bad is the name of one that cannot be read.
func query(v url.Values) (q ledger.Query, bad string) {
	q = ledger.Query{Actor: v.Get("actor"), Act: v.Get("act"), Object: v.Get("object"), Outcome: ledger.Outcome(v.Get("outcome"))}
	var err error
	if c := v.Get("cursor"); c != "" {
		before, err := strconv.ParseInt(c, 10, 64)
		if err != nil || before < 0 {
			return q, "cursor"
		}
		q.Before = &before
	}
	if l := v.Get("limit"); l != "" {
		if q.Limit, err = strconv.Atoi(l); err != nil || q.Limit < 1 {
			return q, "limit"
		}
	}
	for name, t := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if text := v.Get(name); text != "" {
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				return q, name
			}
		}
	}
	return q, ""
}

// getVerify computes the whole ledger again, for one person at a time.
func (i *Identity) getVerify(w http.ResponseWriter, r *http.Request) {
	select {
	case i.verifying <- struct{}{}:
		defer func() { <-i.verifying }()
	default:
		w.Header().Set("Retry-After", "10")
		web.Refuse(w, r, http.StatusServiceUnavailable, "busy")
		return
	}
	report, err := i.ledger.Verify(r.Context())
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"whole": report.Whole(), "report": report, "key": i.ledger.VerifierKey()})
}

func (i *Identity) getProof(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil {
		web.Refuse(w, r, http.StatusNotFound, "no-such-entry")
		return
	}
	p, err := i.ledger.Prove(r.Context(), seq)
	if errors.Is(err, ledger.ErrNoEntry) {
		web.Refuse(w, r, http.StatusNotFound, "no-such-entry")
		return
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"proof": p, "key": i.ledger.VerifierKey()})
}

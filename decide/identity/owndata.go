package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Data is all that is known of somebody, as they may ask for it (GDPR, article 15): without secrets, and without what it says of others.
type Data struct {
	Made     time.Time      `json:"made"`
	Person   personAnswer   `json:"person"`
	Factors  []factorAnswer `json:"factors"`
	Sessions []ownSession   `json:"sessions"`
	Links    []ownLink      `json:"links"`
	Held     string         `json:"legal_hold,omitempty"`
	// CodesTo is the number or the address to which codes are sent.
	CodesTo string `json:"codes_to,omitempty"`
	// Ledger is what they did and what was done to them; Cut says that there is more, of before.
	Ledger []ledger.Entry `json:"ledger"`
	Cut    bool           `json:"ledger_cut,omitempty"`
	// Elsewhere is what other rooms know of them: decisions, duty roster, break-glass, on call.
	Elsewhere map[string]any `json:"elsewhere"`
}

type ownSession struct {
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Ends    time.Time `json:"ends"`
	Methods []string  `json:"methods"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	Device  string    `json:"device,omitempty"`
}

type ownLink struct {
	Kind    string     `json:"kind"`
	Created time.Time  `json:"created"`
	Ends    time.Time  `json:"ends"`
	Used    *time.Time `json:"used,omitempty"`
}

// mostOwnEntries is how many entries of the ledger are told, as actor and as object.
const mostOwnEntries = 20_000

// data is all that is known of somebody. That it was asked for is in the ledger.
func (i *Identity) data(ctx context.Context, by, id string) (*Data, error) {
	row, err := person(ctx, i.db.Read(), id)
	if err != nil {
		return nil, err
	}
	told, err := i.told(ctx, []*personRow{row})
	if err != nil {
		return nil, err
	}
	d := &Data{Made: i.clock.Now().UTC(), Person: told[0], Sessions: []ownSession{}, Links: []ownLink{}, Ledger: []ledger.Entry{}, Elsewhere: map[string]any{}}
	if d.Factors, err = i.factorsOf(ctx, row); err != nil {
		return nil, err
	}
	var sessions []*sessionRow
	var links []*linkRow
	var holds []*holdRow
	err = errors.Join(i.db.Read().NewSelect().Model(&sessions).Where("person = ?", id).OrderExpr("created").Scan(ctx),
		i.db.Read().NewSelect().Model(&links).Where("person = ?", id).OrderExpr("created").Scan(ctx),
		i.db.Read().NewSelect().Model(&holds).Where("person = ?", id).Scan(ctx))
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		d.Sessions = append(d.Sessions, ownSession{s.Created, s.Seen, s.Ends, s.Methods, s.Address, s.Agent, s.Device})
	}
	for _, l := range links {
		o := ownLink{Kind: string(l.Kind), Created: l.Created, Ends: l.Ends}
		if !l.Used.IsZero() {
			o.Used = &l.Used
		}
		d.Links = append(d.Links, o)
	}
	for _, h := range holds {
		d.Held = h.Reason
	}
	if d.CodesTo, err = i.reachOf(ctx, id); err != nil {
		return nil, err
	}
	if err := i.ownEntries(ctx, d, id); err != nil {
		return nil, err
	}
	if i.elsewhere != nil {
		if d.Elsewhere, err = i.elsewhere(ctx, id, row.Login); err != nil {
			return nil, fmt.Errorf("asking others: %w", err)
		}
	}
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return i.note(ctx, tx, act{by: by, name: "own-data", on: ledger.Person(id)})
	})
	i.happened(by, "export", ledger.Person(id), 1)
	return d, err
}

// ownEntries adds what the ledger has of somebody.
func (i *Identity) ownEntries(ctx context.Context, d *Data, id string) error {
	seen := map[int64]bool{}
	for _, q := range []ledger.Query{{Actor: ledger.Person(id)}, {Object: ledger.Person(id)}} {
		for q.Limit = 1000; ; {
			page, err := i.ledger.List(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range page.Entries {
				if !seen[e.Seq] {
					seen[e.Seq] = true
					d.Ledger = append(d.Ledger, e)
				}
			}
			if page.Next == nil {
				break
			}
			if len(d.Ledger) >= mostOwnEntries {
				d.Cut = true
				break
			}
			q.Before = page.Next
		}
	}
	return nil
}

// staffRoutes are the doors to what is known of staff. isProved refuses who did not prove themselves just now.
func (i *Identity) staffRoutes(actor func(*http.Request) string, isProved func(*http.Request) error) []web.Route {
	run := []web.Duty{web.Administrator}
	route := func(method, pattern string, h func(w http.ResponseWriter, r *http.Request, id string) error) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: run, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := i.idOf(r.Context(), r.PathValue("id"))
			if err == nil && method != http.MethodGet {
				err = isProved(r)
			}
			if err == nil {
				err = h(w, r, id)
			}
			if err != nil {
				i.fail(w, r, err)
			}
		})}
	}
	reason := func(r *http.Request) (string, error) {
		var in struct{ Reason string }
		err := web.ReadJSON(r, &in)
		return in.Reason, err
	}
	return []web.Route{
		route("GET", "/api/people/{id}/obligations", func(w http.ResponseWriter, r *http.Request, id string) error {
			p, err := person(r.Context(), i.db.Read(), id)
			if err != nil {
				return err
			}
			stands, err := i.obligations(r.Context(), p)
			if err == nil {
				web.JSON(w, http.StatusOK, map[string]any{"obligations": append([]string{}, stands...)})
			}
			return err
		}),
		route("POST", "/api/people/{id}/data", func(w http.ResponseWriter, r *http.Request, id string) error {
			d, err := i.data(r.Context(), actor(r), id)
			if err == nil {
				handOut(w, d)
			}
			return err
		}),
		route("POST", "/api/people/{id}/hold", func(w http.ResponseWriter, r *http.Request, id string) error {
			text, err := reason(r)
			if err == nil {
				err = i.hold(r.Context(), actor(r), id, text, true)
			}
			return endWell(w, err)
		}),
		route("POST", "/api/people/{id}/release", func(w http.ResponseWriter, r *http.Request, id string) error {
			text, err := reason(r)
			if err == nil {
				err = i.hold(r.Context(), actor(r), id, text, false)
			}
			return endWell(w, err)
		}),
		route("POST", "/api/people/{id}/erase", func(w http.ResponseWriter, r *http.Request, id string) error {
			e, err := i.erase(r.Context(), actor(r), id)
			if err == nil {
				web.JSON(w, http.StatusOK, e)
			}
			return err
		}),
	}
}

func endWell(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// getOwnData gives somebody what is known of them.
func (i *Identity) getOwnData(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	err := i.proved(p)
	var d *Data
	if err == nil {
		d, err = i.data(r.Context(), p.Actor(), p.ID)
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	handOut(w, d)
}

// handOut gives it out as a file.
func handOut(w http.ResponseWriter, d *Data) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="my-data.json"`)
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(d) // who asked has gone away
}

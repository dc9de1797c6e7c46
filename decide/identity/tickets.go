package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
	"bulwark/internal/spnego"
	"bulwark/platform/db"
	"bulwark/platform/web"
)

// Whoever signed in to a workstation of the domain shows its ticket in the place of the directory's password: one factor, as that is.

// byTicket is how a session is opened by a ticket of the domain (RFC 8176: Windows integrated authentication).
const byTicket = "wia"

func (i *Identity) ticketRoutes() []web.Route {
	return []web.Route{{Method: "GET", Pattern: "/sign-in/ticket/{directory}", Duties: []web.Duty{web.Public}, Handler: http.HandlerFunc(i.showTicket)}}
}

// ticketsOf is the directory of a name whose people of an address show tickets; nil: there is none. A workstation that people share is signed
// in as nobody of them.
func (i *Identity) ticketsOf(name string, r *http.Request) *source {
	s := i.sources[name]
	if s == nil || s.tickets == nil || !s.Config.Kerberos.Serves(web.Peer(r)) || i.deviceOf(r).Shared {
		return nil
	}
	return s
}

// ticketWays are the directories whose tickets are a way of the sign-in page.
func (i *Identity) ticketWays(g *page, r *http.Request) []way {
	var all []way
	for _, c := range i.config.Directories {
		if i.ticketsOf(c.Name, r) != nil {
			all = append(all, way{withNext("/sign-in/ticket/"+c.Name, g.Next), g.T.TicketWith})
		}
	}
	return all
}

// showTicket signs somebody in by the ticket that their browser shows. A browser that has none shows the sign-in page, which comes with the question
// (RFC 4559, 4.1); it is asked once, so that none asks for a password of its own.
func (i *Identity) showTicket(w http.ResponseWriter, r *http.Request) {
	g, s := i.pages.begin(w, r), i.ticketsOf(r.PathValue("directory"), r)
	if s == nil {
		web.Refuse(w, r, http.StatusNotFound, "no-such-directory")
		return
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		w.Header().Set("WWW-Authenticate", "Negotiate")
		i.ticketFailed(w, r, g, http.StatusUnauthorized, g.T.TicketNone)
		return
	}
	if ok, wait := i.everybody.Allow(""); !ok {
		wait = max(wait, time.Second)
		w.Header().Set("Retry-After", seconds(&WaitError{wait}))
		i.ticketFailed(w, r, g, http.StatusTooManyRequests, g.T.TicketRefused)
		return
	}
	o, err := i.signInByTicket(r.Context(), s, header, i.visitorOf(r))
	switch {
	case err == nil:
		i.enter(w, r, o, g.Next)
		return
	case errors.Is(err, spnego.ErrNTLM):
		i.ticketFailed(w, r, g, http.StatusForbidden, g.T.TicketNone)
	case errors.Is(err, spnego.ErrToken), errors.Is(err, kerberos.ErrTicket):
		i.ticketFailed(w, r, g, http.StatusForbidden, g.T.TicketRefused)
	case errors.Is(err, ErrStranger):
		i.refusals.add(nil, i.visitorOf(r))
		i.ticketFailed(w, r, g, http.StatusForbidden, g.T.TicketStranger)
	case errors.Is(err, directory.ErrAway):
		i.failed(s, err)
		i.ticketFailed(w, r, g, http.StatusServiceUnavailable, g.T.TicketAway)
	default:
		i.broken(w, r, err)
	}
	i.log.WarnContext(r.Context(), "a ticket signed nobody in", "directory", s.Config.Name, "request_id", web.RequestID(r.Context()), "error", err)
}

func (i *Identity) ticketFailed(w http.ResponseWriter, r *http.Request, g *page, status int, text string) {
	i.signInForm(g, r)
	g.Action = "/sign-in"
	g.Providers = slices.DeleteFunc(g.Providers, func(v way) bool { return strings.HasPrefix(v.Href, "/sign-in/ticket/") })
	g.refuse("", text)
	i.pages.show(w, status, g)
}

// signInByTicket opens the session of who a ticket names, or sends them to the second step.
func (i *Identity) signInByTicket(ctx context.Context, s *source, header string, from visitor) (opened, error) {
	caller, err := s.tickets.Accept(header)
	if err != nil {
		return opened{}, err
	}
	by, value := "login", strings.ToLower(caller.Name)
	if caller.SID != "" {
		if value, err = s.Holder(ctx, caller.SID, i.clock.Now()); err != nil {
			return opened{}, err
		}
		by = "external"
	}
	if value == "" {
		return opened{}, ErrStranger
	}
	var o opened
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		p := &personRow{}
		err := tx.NewSelect().Model(p).Where("source = ? AND ? = ? AND disabled IS NULL", s.Config.Name, bun.Ident(by), value).Scan(ctx)
		if db.NotFound(err) {
			return ErrStranger
		}
		if err != nil {
			return fmt.Errorf("looking for whose ticket it is: %w", err)
		}
		o, err = i.afterFirst(ctx, tx, p, byTicket, from)
		return err
	})
	if o.due.Person != "" {
		i.refusals.begin(o.due.Person, from, i.clock.Now())
	}
	return o, err
}

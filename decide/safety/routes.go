package safety

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	content "bulwark/content/safety"
	"bulwark/platform/conf"
	"bulwark/platform/web"
)

// Roles are for whom somebody with these duties says yes.
func Roles(duties []web.Duty) (soc, clinical bool) {
	for _, d := range duties {
		switch d {
		case web.Analyst, web.Approver:
			soc = true
		case web.BiomedicalEngineer:
			clinical = true
		}
	}
	return soc, clinical
}

// View is the interlock as people see it.
type View struct {
	Frozen     []Freeze            `json:"frozen"`
	Shadow     bool                `json:"shadow"`
	Matrix     MatrixView          `json:"matrix"`
	Invariants []Text              `json:"invariants"`
	Budgets    BudgetView          `json:"budgets"`
	Approvers  map[Role][]web.Duty `json:"approvers"`
}

// BudgetView is what may be cut automatically.
type BudgetView struct {
	Minutes int `json:"minutes"`
	content.Budgets
	Canary int `json:"canary_s"`
	Spent  int `json:"spent"` // devices that were cut automatically within the time
}

// Show is the interlock as it stands.
func (s *Safety) Show() View {
	frozen := s.Frozen()
	spent := 0
	if s.needs.Spent != nil {
		spent = s.needs.Spent()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows, over := view(s.matrix)
	return View{Frozen: frozen, Shadow: !s.live, Invariants: Invariants(),
		Matrix:    MatrixView{Version: s.matrix.Version, Text: string(s.text), Edited: s.edited, Problem: s.problem, Rows: rows, Overruled: over},
		Budgets:   BudgetView{Minutes: int(content.Window / time.Minute), Budgets: s.matrix.Budgets, Canary: int(s.matrix.Canary / time.Second), Spent: spent},
		Approvers: map[Role][]web.Duty{RoleSOC: {web.Analyst, web.Approver}, RoleClinical: {web.BiomedicalEngineer}}}
}

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	s     *Safety
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (s *Safety) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{s, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	decide := []web.Duty{web.Administrator, web.Approver, web.BiomedicalEngineer}
	stop := []web.Duty{web.Analyst, web.Approver, web.BiomedicalEngineer, web.Administrator}
	return []web.Route{
		{Method: "GET", Pattern: "/api/safety", Duties: all, Handler: http.HandlerFunc(d.show)},
		{Method: "PUT", Pattern: "/api/safety/matrix", Duties: decide, Handler: http.HandlerFunc(d.matrix), Body: 2 * conf.MaxFile},
		{Method: "POST", Pattern: "/api/safety/freeze", Duties: stop, Handler: http.HandlerFunc(d.freeze)},
		{Method: "POST", Pattern: "/api/safety/mode", Duties: []web.Duty{web.Administrator, web.Approver}, Handler: http.HandlerFunc(d.mode)},
		{Method: "POST", Pattern: "/api/safety/preview", Duties: all, Handler: http.HandlerFunc(d.preview)},
	}
}

func (d *Doors) show(w http.ResponseWriter, _ *http.Request) { web.JSON(w, http.StatusOK, d.s.Show()) }

const maxReason = 500 // characters

// change reads a body with a reason, does what was asked, and answers with the interlock as it stands.
func (d *Doors) change(w http.ResponseWriter, r *http.Request, body any, reason *string, do func(ctx context.Context, actor string) error) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "safety.nobody")
		return
	}
	if err := web.ReadJSON(r, body); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "safety.body")
		return
	}
	*reason = strings.TrimSpace(*reason)
	if *reason == "" || utf8.RuneCountInString(*reason) > maxReason || strings.ContainsRune(*reason, 0) {
		web.RefuseFields(w, r, http.StatusUnprocessableEntity, "safety.wrong", map[string]string{"why": "say why, in 500 characters at most"})
		return
	}
	d.answer(w, r, func() (any, error) {
		if err := do(r.Context(), actor); err != nil {
			return nil, err
		}
		return d.s.Show(), nil
	})
}

func (d *Doors) matrix(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Text   string `json:"text"`
		Reason string `json:"reason"`
	}
	d.change(w, r, &b, &b.Reason, func(ctx context.Context, actor string) error { return d.s.SetMatrix(ctx, b.Text, actor, b.Reason) })
}

func (d *Doors) freeze(w http.ResponseWriter, r *http.Request) {
	var b struct {
		On     bool   `json:"on"`
		Reason string `json:"reason"`
	}
	d.change(w, r, &b, &b.Reason, func(ctx context.Context, actor string) error {
		if b.On {
			return d.s.Freeze(ctx, "person", actor, b.Reason)
		}
		return d.s.Thaw(ctx, actor, b.Reason)
	})
}

func (d *Doors) mode(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Shadow bool   `json:"shadow"`
		Reason string `json:"reason"`
	}
	d.change(w, r, &b, &b.Reason, func(ctx context.Context, actor string) error { return d.s.SetLive(ctx, !b.Shadow, actor, b.Reason) })
}

// VerdictView is a verdict as people see it.
type VerdictView struct {
	Outcome string    `json:"outcome"`
	Needs   string    `json:"needs"`
	Missing []Role    `json:"missing"`
	Cut     bool      `json:"cut"`
	Until   time.Time `json:"until,omitzero"`
	Reasons []Reason  `json:"reasons"`
}

// View is a verdict as people see it.
func (v *Verdict) View() VerdictView {
	out := VerdictView{Outcome: v.Outcome.String(), Needs: v.Needs.String(), Missing: v.Missing, Cut: v.Cut, Until: v.Until, Reasons: v.Reasons}
	if out.Missing == nil {
		out.Missing = []Role{}
	}
	if out.Reasons == nil {
		out.Reasons = []Reason{}
	}
	return out
}

// preview says what an act would stop, and what would become of it, as a person's wish.
func (d *Doors) preview(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Act    string `json:"act"`
		Target string `json:"target"`
		Scope  string `json:"scope"`
	}
	if err := web.ReadJSON(r, &b); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "safety.body")
		return
	}
	d.answer(w, r, func() (any, error) {
		got, err := d.s.Weigh(r.Context(), Asked{Act: Act{b.Act, b.Target, b.Scope}})
		return struct {
			Preview Preview     `json:"preview"`
			Verdict VerdictView `json:"verdict"`
			Effect  string      `json:"effect"`
		}{got.Preview, got.Verdict.View(), got.Effect.String()}, err
	})
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, do func() (any, error)) {
	v, err := do()
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrMatrix, Status: http.StatusUnprocessableEntity, Code: "safety.matrix"},
		web.Fault{Err: ErrWrong, Status: http.StatusUnprocessableEntity, Code: "safety.wrong"},
	) {
		return
	}
	d.s.needs.Log.ErrorContext(r.Context(), "an answer about the interlock failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "safety.failed")
}

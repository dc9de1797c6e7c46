package providertest

import (
	"net/http"
	"net/url"
)

const pushGrant = "urn:openid:params:grant-type:ciba"

// Pushes are the questions that were sent to telephones.
func (p *Provider) Pushes() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]url.Values{}, p.pushes...)
}

// Wait has it say these errors, one after another, before a question is answered.
func (p *Provider) Wait(errors ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = errors
}

// push takes a question to a telephone.
func (p *Provider) push(w http.ResponseWriter, r *http.Request) {
	l := p.told()
	if _, ok := known(r); !ok || r.ParseForm() != nil {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	if l.Status != 0 || l.Push != "" {
		answer(w, max(l.Status, http.StatusBadRequest), map[string]string{"error": l.Push})
		return
	}
	p.mu.Lock()
	p.pushes = append(p.pushes, r.PostForm)
	p.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"auth_req_id": "a question", "expires_in": 120, "interval": 2})
}

// answered says what came of a question to a telephone.
func (p *Provider) answered(w http.ResponseWriter, r *http.Request) {
	said := ""
	p.mu.Lock()
	if len(p.waiting) > 0 {
		said, p.waiting = p.waiting[0], p.waiting[1:]
	}
	if len(p.pushes) == 0 || r.PostFormValue("auth_req_id") != "a question" {
		said = "invalid_grant"
	} else if said == "" {
		p.pushes = nil // it is answered once
	}
	p.mu.Unlock()
	if said != "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": said})
		return
	}
	p.issue(w, p.told(), nil)
}

package action

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"bulwark/content/actions"
)

// mostToken is how long a token may be, in bytes; soon is how long before its end it is not shown any more.
const (
	mostToken = 16 << 10
	soon      = time.Minute
)

// token is what the secret is changed for: the one that was got before, while it is good.
func (s *session) token(ctx context.Context, secret string) (string, error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	now := s.p.clock.Now()
	if s.p.token != "" && now.Before(s.p.until) {
		return s.p.token, nil
	}
	r := &s.p.action.Token
	v := maps.Clone(s.p.settings)
	v["secret"] = url.QueryEscape(secret)
	if r.Type != actions.Form {
		quoted, err := json.Marshal(secret)
		if err != nil {
			return "", err
		}
		v["secret"] = string(quoted[1 : len(quoted)-1])
	}
	root, err := s.send(ctx, r, v)
	if err != nil {
		return "", err
	}
	got := root.values(r.Pick)
	if len(got) != 1 || len(got[0]) > mostToken || !shownToken.MatchString(got[0]) {
		return "", fmt.Errorf("%w: there is no token at %s", ErrAnswer, r.Pick)
	}
	s.p.token, s.p.until = got[0], now
	if lasts := root.values(r.Lasts); r.Lasts != "" && len(lasts) == 1 {
		seconds, _ := strconv.ParseFloat(lasts[0], 64) // what is no number is good for nothing
		s.p.until = now.Add(time.Duration(max(0, min(seconds, 86400)))*time.Second - soon)
	}
	return got[0], nil
}

// shownToken are texts that can stand in a header (RFC 6750 section 2.1).
var shownToken = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)

// refuse forgets a token that is not taken: the next time there is another.
func (p *Point) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = ""
}

// key tells rounds apart.
func key(v map[string]string) string { return v["address"] + " " + v["name"] }

// lately is what was read to be in force, where that need not be read again yet.
func (p *Point) lately(v map[string]string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was, ok := p.so[key(v)]
	if !ok || p.clock.Now().Sub(was.at) >= p.action.Every {
		delete(p.so, key(v))
		return false
	}
	v["found"] = was.found
	return true
}

// note notes that something was read to be in force.
func (p *Point) note(v map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.action.Every > 0 && len(p.so) < mostSeen {
		p.so[key(v)] = seen{p.clock.Now(), v["found"]}
	}
}

// forget has something read again.
func (p *Point) forget(v map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.so, key(v))
}

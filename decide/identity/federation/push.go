package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// A question that is sent to somebody's telephone in the place of their browser (OpenID Connect CIBA Core 1.0, poll mode).

var (
	// ErrNumber means that text is no number of a professional.
	ErrNumber = errors.New("federation: not a national number")
	// ErrWaiting means that a question is not answered yet.
	ErrWaiting = errors.New("federation: nobody has answered on the telephone yet")
)

const (
	pushGrant = "urn:openid:params:grant-type:ciba"
	// pushLife is how long a question counts at most, pushEvery how often it is asked after where the provider does not say.
	pushLife  = 10 * time.Minute
	pushEvery = 5 * time.Second
)

// twoDigits are what both screens show.
var twoDigits = regexp.MustCompile(`^[0-9]{2}$`)

// Pushed is a question that was sent. It stays in the browser that asked, sealed.
type Pushed struct {
	Request  string        `json:"request"`
	National string        `json:"national"`
	Message  string        `json:"message"`
	Every    time.Duration `json:"every"`
	Next     time.Time     `json:"next"` // when it may be asked after again
	Until    time.Time     `json:"until"`
}

// Pushes tells, by asking the provider where it must, whether it can be asked this way now.
func (p *Provider) Pushes(ctx context.Context) error {
	e, err := p.endpoints(ctx, beginLife)
	if err == nil && (!p.Config.Push || e.Push == "") {
		err = fmt.Errorf("%w: it sends nothing to telephones", ErrAway)
	}
	return err
}

// Push asks the professional of that number on their telephone. message is shown on both screens.
func (p *Provider) Push(ctx context.Context, national, message string) (Pushed, error) {
	number := National(national)
	if number == "" || !twoDigits.MatchString(message) {
		return Pushed{}, ErrNumber
	}
	if err := p.Pushes(ctx); err != nil {
		return Pushed{}, err
	}
	e, err := p.endpoints(ctx, beginLife)
	if err != nil {
		return Pushed{}, err
	}
	form := url.Values{"scope": {strings.Join(append([]string{"openid"}, p.Config.Scopes...), " ")}, "login_hint": {p.Config.PushPrefix + number}, "binding_message": {message}}
	if len(p.Config.Classes) > 0 {
		form.Set("acr_values", strings.Join(p.Config.Classes, " "))
	}
	if p.Config.PushChannel != "" {
		form.Set("channel", p.Config.PushChannel)
	}
	var got struct {
		Request string  `json:"auth_req_id"`
		Expires float64 `json:"expires_in"`
		Every   float64 `json:"interval"`
	}
	if said, err := p.ask(ctx, e.Push, form, &got); err != nil {
		return Pushed{}, err
	} else if said != "" {
		return Pushed{}, fmt.Errorf("%w: %s", ErrDenied, said)
	}
	if got.Request == "" || len(got.Request) > 1024 || got.Expires <= 0 {
		return Pushed{}, fmt.Errorf("%w: auth_req_id", ErrRefused)
	}
	q := Pushed{Request: got.Request, National: number, Message: message, Every: pushEvery}
	if got.Every >= 1 {
		q.Every = time.Duration(min(got.Every, pushLife.Seconds()) * float64(time.Second))
	}
	now := p.clock.Now()
	q.Next, q.Until = now.Add(q.Every), now.Add(time.Duration(min(got.Expires, pushLife.Seconds())*float64(time.Second)))
	return q, nil
}

// Poll asks after a question. [ErrWaiting]: again at the Next of what it returns, and not before.
func (p *Provider) Poll(ctx context.Context, q Pushed) (*Arrival, Pushed, error) {
	now := p.clock.Now()
	if now.After(q.Until) {
		return nil, q, fmt.Errorf("%w: it took too long", ErrDenied)
	}
	if now.Before(q.Next) {
		return nil, q, ErrWaiting
	}
	e, err := p.endpoints(ctx, foundLife)
	if err != nil {
		return nil, q, err
	}
	var got map[string]any
	said, err := p.ask(ctx, e.Token, url.Values{"grant_type": {pushGrant}, "auth_req_id": {q.Request}}, &got)
	p.failed(errAway(err))
	switch {
	case err != nil:
		return nil, q, err
	case said == "slow_down":
		q.Every += pushEvery
		fallthrough
	case said == "authorization_pending":
		q.Next = p.clock.Now().Add(q.Every)
		return nil, q, ErrWaiting
	case said == "access_denied", said == "expired_token":
		return nil, q, fmt.Errorf("%w: %s", ErrDenied, said)
	case said != "":
		return nil, q, fmt.Errorf("%w: %s", ErrRefused, said)
	}
	access, _ := got["access_token"].(string)
	a, err := p.arrived(ctx, e, (&oauth2.Token{AccessToken: access}).WithExtra(got), Begun{pushed: true})
	if err == nil && a.National != q.National {
		err = fmt.Errorf("%w: somebody else answered", ErrRefused)
	}
	if err != nil {
		return nil, q, err
	}
	return a, q, nil
}

// ask sends form as this client, and reads the answer into v, or what error it says.
func (p *Provider) ask(ctx context.Context, at string, form url.Values, v any) (said string, err error) {
	secret, err := p.Config.Secret.Reveal()
	if err != nil {
		return "", err
	}
	switch {
	case p.signs != nil:
		text, err := p.assertion(p.Config.Issuer)
		if err != nil {
			return "", err
		}
		form.Set("client_id", p.Config.Client)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", text)
	case p.Config.SecretInForm:
		form.Set("client_id", p.Config.Client)
		form.Set("client_secret", secret)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if p.signs == nil && !p.Config.SecretInForm {
		r.SetBasicAuth(url.QueryEscape(p.Config.Client), url.QueryEscape(secret))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	got, err := p.client.Do(r)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrAway, err)
	}
	defer got.Body.Close()
	switch d := json.NewDecoder(got.Body); {
	case got.StatusCode == http.StatusOK:
		if d.Decode(v) != nil {
			return "", fmt.Errorf("%w: its answer is not JSON", ErrRefused)
		}
		return "", nil
	case got.StatusCode >= 500, got.StatusCode == http.StatusTooManyRequests:
		return "", fmt.Errorf("%w: it answers %d", ErrAway, got.StatusCode)
	default:
		var e struct {
			Error string `json:"error"`
		}
		if d.Decode(&e) != nil || printable(e.Error) == "" {
			return "", fmt.Errorf("%w: it answers %d", ErrRefused, got.StatusCode)
		}
		return printable(e.Error), nil
	}
}

package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bulwark/platform/clock"
)

// Message is what one person is told in one way. It names no patient.
type Message struct {
	ID       string // the same whenever it is tried again
	To       string // address in the channel: of mail, a number, a room; empty where the channel is one place
	Title    string // a line
	Text     string // some lines
	Short    string // a line for a text message, with the link
	Severity string
	Link     string // to the console; empty: none
	Ack      string // where it is acknowledged, from a phone; empty: nowhere
	AckText  string // what is written on that link
	Kind     string // incident, approval, health or test
	About    string // what it is about: incident:12
	Made     time.Time
}

// sender reaches people in one way.
type sender interface {
	// send returns when whoever carries messages has taken it. Its errors name no secret.
	send(ctx context.Context, m *Message) error
}

// errChannel means that a channel did not take a message.
var errChannel = errors.New("notify: not taken")

// sendLimit is how long a channel may take.
const sendLimit = 20 * time.Second

// makeSender makes the sender of a channel. client is what its requests go through.
func makeSender(c *Channel, client *http.Client, clk clock.Clock) (sender, error) {
	switch c.Type {
	case "mail":
		return &mailSender{c}, nil
	case "sms":
		t, err := c.template()
		return &gatewaySender{c, t, client}, err
	case "webhook":
		return &webhookSender{c, client, clk}, nil
	case "matrix":
		return &matrixSender{c, client}, nil
	case "teams":
		return &chatSender{c, client, teamsCard}, nil
	case "slack":
		return &chatSender{c, client, slackText}, nil
	}
	return nil, fmt.Errorf("notify: no channel of type %q", c.Type)
}

// newClient follows no redirect: a message goes where it was configured to go.
func newClient() *http.Client {
	return &http.Client{Timeout: sendLimit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// mostAnswer is how much of an answer is read, in bytes.
const mostAnswer = 4 << 10

// do sends a request and says in a few words what went wrong, without the URL: it may be a secret.
func do(client *http.Client, r *http.Request) error {
	answer, err := client.Do(r)
	if err != nil {
		if u := new(url.Error); errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("%w: %w", errChannel, err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, mostAnswer)
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("%w: it answered %d %s", errChannel, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// post makes a request to a channel's URL with a path behind it.
func (c *Channel) post(ctx context.Context, method, path, contentType, body string) (*http.Request, error) {
	base, err := c.URL.Reveal()
	if err != nil {
		return nil, err
	}
	if path != "" {
		base = strings.TrimSuffix(base, "/") + path
	}
	r, err := http.NewRequestWithContext(ctx, method, base, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: its url cannot be read", errChannel)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", "Bulwark")
	return r, nil
}

// asJSON writes a value as JSON.
func asJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

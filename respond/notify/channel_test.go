package notify

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

func sample() *Message {
	return &Message{ID: "notice-1-2", Title: "[CH Test] critique: Rançongiciel <1>", Text: "Trois postes & un serveur.", Short: `"court" & bref`, Severity: "critical", Kind: "incident", About: "incident:7",
		Link: "https://bulwark.example/incidents/7", Ack: "https://bulwark.example/answer/2.abc", AckText: "Je m'en occupe", Made: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
}

// sendBy sends the sample through a channel to a gateway, and returns the request that arrived.
func sendBy(t *testing.T, c Channel) request {
	t.Helper()
	g := newGateway(t)
	c.Name, c.URL = "x", conf.NewSecret(g.URL+"/in?key=1")
	if c.Type == "matrix" {
		c.URL = conf.NewSecret(g.URL + "/")
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	s, err := makeSender(&c, newClient(), clock.NewManual(time.Unix(1700000000, 0)))
	if err != nil {
		t.Fatal(err)
	}
	m := sample()
	m.To = "!room:example.org"
	if err := s.send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(g.got) != 1 {
		t.Fatalf("%d requests", len(g.got))
	}
	return g.got[0]
}

func field(t *testing.T, body string, path ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	for _, p := range path {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, _ := v.(map[string]any)
		v = m[p]
	}
	s, _ := v.(string)
	return s
}

func TestWebhooksAreSigned(t *testing.T) {
	// The key, and the signature of it, are those of the example of Standard Webhooks.
	if got := signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`); got != "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("the signature is %s", got)
	}
	r := sendBy(t, Channel{Type: "webhook", Token: conf.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")})
	if want := "v1," + signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "notice-1-2", "1700000000", r.body); r.header.Get("Webhook-Signature") != want || r.header.Get("Webhook-Id") != "notice-1-2" {
		t.Errorf("headers %v, want the signature %s", r.header, want)
	}
	if field(t, r.body, "type") != "bulwark.incident" || field(t, r.body, "data", "title") != sample().Title {
		t.Errorf("the body is %s", r.body)
	}
}

func TestChats(t *testing.T) {
	r := sendBy(t, Channel{Type: "matrix", Token: conf.NewSecret("t0ken")})
	if r.method != http.MethodPut || r.path != "/_matrix/client/v3/rooms/%21room:example.org/send/m.room.message/notice-1-2" || r.header.Get("Authorization") != "Bearer t0ken" || field(t, r.body, "msgtype") != "m.text" {
		t.Errorf("Matrix is sent %s %s %s", r.method, r.path, r.body)
	}
	r = sendBy(t, Channel{Type: "slack"})
	if text := field(t, r.body, "text"); !strings.Contains(text, "&lt;1&gt;") || !strings.Contains(text, "&amp; un") || !strings.Contains(text, "/answer/2.abc") {
		t.Errorf("Slack is sent %s", r.body)
	}
	r = sendBy(t, Channel{Type: "teams"})
	if field(t, r.body, "attachments", "content", "actions", "url") != sample().Ack || field(t, r.body, "attachments", "contentType") != "application/vnd.microsoft.card.adaptive" {
		t.Errorf("Teams is sent %s", r.body)
	}
}

func TestGatewaysAreSentWhatTheirTemplateSays(t *testing.T) {
	r := sendBy(t, Channel{Type: "sms", Token: conf.NewSecret("k"), Authorization: conf.NewSecret("Bearer z"), Body: `{"to": {{json .To}}, "text": {{json .Text}}, "key": {{json .Token}}}`})
	if field(t, r.body, "text") != sample().Short || field(t, r.body, "key") != "k" || r.header.Get("Authorization") != "Bearer z" {
		t.Errorf("the gateway is sent %v %s", r.header, r.body)
	}
	r = sendBy(t, Channel{Type: "sms", ContentType: "application/x-www-form-urlencoded", Body: `to={{urlquery .To}}&text={{urlquery .Text}}`})
	if r.body != "to=%21room%3Aexample.org&text=%22court%22+%26+bref" {
		t.Errorf("the gateway is sent %s", r.body)
	}
}

// post is a mail server that keeps what it is sent.
type post struct{ to, text chan string }

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (p *post) Mail(string, *smtp.MailOptions) error        { return nil }
func (p *post) Rcpt(to string, _ *smtp.RcptOptions) error   { p.to <- to; return nil }
func (p *post) Reset()                                      {}
func (p *post) Logout() error                               { return nil }
func (p *post) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	p.text <- string(text)
	return err
}

func TestMail(t *testing.T) {
	p := &post{make(chan string, 9), make(chan string, 9)}
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listen) }()
	defer func() { server.Close(); <-served }()
	c := Channel{Name: "mail", Type: "mail", Server: listen.Addr().String(), Encryption: "none", From: "bulwark@example.org"}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	m := sample()
	m.To = "anne@example.org"
	if err := (&mailSender{&c}).send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	to, text := <-p.to, <-p.text
	for _, want := range []string{"Message-ID: <notice-1-2@bulwark>", "Auto-Submitted: auto-generated", "From: <bulwark@example.org>", "Subject: =?UTF-8?", "/answer/2.abc", "Date: Mon, 23 Nov 2026 03:00:00 +0000"} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
	if to != "anne@example.org" {
		t.Errorf("it is for %s", to)
	}
	c.Encryption = "" // the server offers no encryption: nothing is sent in clear
	if err := (&mailSender{&c}).send(t.Context(), m); err == nil || len(p.text) != 0 {
		t.Errorf("a server without encryption: %v, and %d mails", err, len(p.text))
	}
}

func TestChannelsThatCannotWorkAreRefused(t *testing.T) {
	for what, c := range map[string]Channel{
		"a type that is none":          {Type: "pigeon"},
		"mail to no server":            {Type: "mail", From: "a@b.c"},
		"mail in clear to elsewhere":   {Type: "mail", Server: "mail.example.org:25", Encryption: "none", From: "a@b.c"},
		"mail from nobody":             {Type: "mail", Server: "mail.example.org:25"},
		"a webhook in clear elsewhere": {Type: "webhook", URL: conf.NewSecret("http://example.org/x")},
		"a webhook to nowhere":         {Type: "slack"},
		"Matrix without a token":       {Type: "matrix", URL: conf.NewSecret("https://example.org")},
		"a gateway without a body":     {Type: "sms", URL: conf.NewSecret("https://example.org")},
		"a body that is no template":   {Type: "sms", URL: conf.NewSecret("https://example.org"), Body: "{{.Nobody}}"},
	} {
		c.Name = "x"
		if err := c.Check(); err == nil {
			t.Errorf("%s is taken", what)
		} else if strings.Contains(err.Error(), "example.org/x") {
			t.Errorf("%s: the error tells the URL: %v", what, err)
		}
	}
	twice := Config{Channels: []Channel{{Name: "a"}, {Name: "a"}}}
	if twice.Check() == nil {
		t.Error("one name of two channels is taken")
	}
}

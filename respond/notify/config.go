package notify

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"text/template"

	"bulwark/platform/conf"
)

// Config is how people can be reached. Who they are, who is on call and who is told next is kept with the state, and changed in
// the console.
type Config struct {
	// Channels are the ways to people: mail servers, webhooks, gateways of text messages, chats.
	Channels []Channel `conf:"channels"`
}

// Channel is one way to people.
type Channel struct {
	// Name is a short word by which contacts name it.
	Name string `conf:"name"`
	// Type is mail, webhook, sms, matrix, teams or slack (which Mattermost and Rocket.Chat understand too).
	Type string `conf:"type"`
	// Server is the mail server with its port: mail.hospital.example:587.
	Server string `conf:"server"`
	// Encryption of mail is starttls, tls or none. None is taken for a server on this machine alone. Empty means starttls.
	Encryption string `conf:"encryption"`
	// User signs on to the mail server. Empty means that it asks for nobody.
	User string `conf:"user"`
	// Password is that of the user.
	Password conf.Secret `conf:"password"`
	// From is the sender of mails: bulwark@hospital.example.
	From string `conf:"from"`
	// URL is where a webhook, a gateway, a chat or a Matrix server listens. Of some chats it is a secret: file: and a path keep
	// it out of this file.
	URL conf.Secret `conf:"url"`
	// Token signs webhooks (Standard Webhooks), and signs on to a Matrix server or, as {{.Token}}, to a gateway.
	Token conf.Secret `conf:"token"`
	// ContentType is that of a gateway's Body. Empty means application/json.
	ContentType string `conf:"content_type"`
	// Body is what a gateway of text messages is sent: a template with {{.To}}, {{.Text}} and {{.Token}}, of which {{json .Text}}
	// writes JSON and {{urlquery .Text}} a form.
	Body string `conf:"body"`
	// Authorization is a header of that name for a gateway: Bearer 0123.
	Authorization conf.Secret `conf:"authorization"`
}

// Check refuses channels that cannot work, and names that stand twice.
func (c *Config) Check() error {
	var bad []error
	seen := map[string]bool{}
	for n := range c.Channels {
		at := fmt.Sprintf("channels[%d].name", n)
		name := c.Channels[n].Name
		if seen[name] {
			bad = append(bad, conf.At(at, fmt.Errorf("%q is the name of two channels", name)))
		}
		seen[name] = true
	}
	return errors.Join(bad...)
}

// channelTypes are the types of channels with what they need.
func channelTypes() map[string]func(*Channel) error {
	address := func(c *Channel) error { return c.checkURL() }
	return map[string]func(*Channel) error{"mail": (*Channel).checkMail, "webhook": address, "teams": address, "slack": address,
		"sms": (*Channel).checkGateway, "matrix": (*Channel).checkMatrix}
}

var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses a channel that cannot work.
func (c *Channel) Check() error {
	if !channelName.MatchString(c.Name) {
		return conf.At("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", c.Name))
	}
	check, ok := channelTypes()[c.Type]
	if !ok {
		return conf.At("type", fmt.Errorf("%q is none of mail, webhook, sms, matrix, teams, slack", c.Type))
	}
	return check(c)
}

func (c *Channel) checkMail() error {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil || host == "" || port == "" {
		return conf.At("server", fmt.Errorf("%q is not a name and a port, like mail.hospital.example:587", c.Server))
	}
	if c.Encryption != "" {
		if err := conf.OneOf(c.Encryption, "starttls", "tls", "none"); err != nil {
			return conf.At("encryption", err)
		}
	}
	if ip := net.ParseIP(host); c.Encryption == "none" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return conf.At("encryption", errors.New("none is for a server on this machine"))
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return conf.At("from", fmt.Errorf("%q is not an address of mail", c.From))
	}
	return nil
}

// checkURL refuses what is not https, but for this machine. It never names the URL, which may be a secret.
func (c *Channel) checkURL() error {
	text, err := c.URL.Reveal()
	if err != nil {
		return conf.At("url", err)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return conf.At("url", errors.New("it is not an address like https://example.org/path"))
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return conf.At("url", errors.New("it does not begin with https://"))
	}
	return nil
}

func (c *Channel) checkMatrix() error {
	if c.Token.IsZero() {
		return conf.At("token", errors.New("a Matrix server asks for one"))
	}
	return c.checkURL()
}

func (c *Channel) checkGateway() error {
	if strings.TrimSpace(c.Body) == "" {
		return conf.At("body", errors.New("it says what the gateway is sent"))
	}
	if _, err := c.template(); err != nil {
		return conf.At("body", err)
	}
	return c.checkURL()
}

// template is the body of a gateway's request.
func (c *Channel) template() (*template.Template, error) {
	t, err := template.New("body").Funcs(template.FuncMap{"json": asJSON}).Option("missingkey=error").Parse(c.Body)
	if err != nil {
		return nil, err
	}
	return t, t.Execute(new(strings.Builder), gatewayFields{})
}

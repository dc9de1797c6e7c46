package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/template"

	"bulwark/platform/clock"
)

// webhookSender posts JSON, signed as Standard Webhooks 1.0.0 has it where there is a token.
type webhookSender struct {
	channel *Channel
	client  *http.Client
	clock   clock.Clock
}

func (s *webhookSender) send(ctx context.Context, m *Message) error {
	body, err := asJSON(map[string]any{"type": "bulwark." + m.Kind, "timestamp": m.Made.UTC(),
		"data": map[string]string{"id": m.ID, "about": m.About, "severity": m.Severity, "title": m.Title, "text": m.Text, "url": m.Link}})
	if err != nil {
		return err
	}
	r, err := s.channel.post(ctx, http.MethodPost, "", "application/json", body)
	if err != nil {
		return err
	}
	at := strconv.FormatInt(s.clock.Now().Unix(), 10)
	r.Header.Set("Webhook-Id", m.ID)
	r.Header.Set("Webhook-Timestamp", at)
	if !s.channel.Token.IsZero() {
		token, err := s.channel.Token.Reveal()
		if err != nil {
			return err
		}
		r.Header.Set("Webhook-Signature", "v1,"+signature(token, m.ID, at, body))
	}
	return do(s.client, r)
}

// signature signs the id, the time and the body of a webhook. A token that begins with whsec_ is a key in base64.
func signature(token, id, at, body string) string {
	key := []byte(token)
	if text, ok := strings.CutPrefix(token, "whsec_"); ok {
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			key = raw
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "." + body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// matrixSender writes into a room of a Matrix server (Client-Server API v1.11, section 10.5.3). The id of a message makes that
// one tried twice is written once.
type matrixSender struct {
	channel *Channel
	client  *http.Client
}

func (s *matrixSender) send(ctx context.Context, m *Message) error {
	body, err := asJSON(map[string]string{"msgtype": "m.text", "body": plain(m)})
	if err != nil {
		return err
	}
	r, err := s.channel.post(ctx, http.MethodPut, "/_matrix/client/v3/rooms/"+url.PathEscape(m.To)+"/send/m.room.message/"+url.PathEscape(m.ID), "application/json", body)
	if err != nil {
		return err
	}
	token, err := s.channel.Token.Reveal()
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return do(s.client, r)
}

// chatSender posts to the incoming webhook of a chat.
type chatSender struct {
	channel *Channel
	client  *http.Client
	body    func(*Message) any
}

func (s *chatSender) send(ctx context.Context, m *Message) error {
	body, err := asJSON(s.body(m))
	if err != nil {
		return err
	}
	r, err := s.channel.post(ctx, http.MethodPost, "", "application/json", body)
	if err != nil {
		return err
	}
	return do(s.client, r)
}

// slackText is what Slack, Mattermost and Rocket.Chat take. What would be markup is escaped as Slack asks for.
func slackText(m *Message) any {
	return map[string]string{"text": strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(plain(m))}
}

// teamsCard is an Adaptive Card 1.4 for a workflow of Microsoft Teams.
func teamsCard(m *Message) any {
	type element map[string]any
	var acts []element
	for _, x := range []struct{ title, url string }{{m.AckText, m.Ack}, {"Bulwark", m.Link}} {
		if x.url != "" {
			acts = append(acts, element{"type": "Action.OpenUrl", "title": x.title, "url": x.url})
		}
	}
	card := element{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": []element{{"type": "TextBlock", "text": m.Title, "weight": "Bolder", "wrap": true}, {"type": "TextBlock", "text": m.Text, "wrap": true}}, "actions": acts}
	return element{"type": "message", "attachments": []element{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}

// plain is a message as lines of text.
func plain(m *Message) string {
	lines := []string{m.Title, m.Text}
	if m.Ack != "" {
		lines = append(lines, m.AckText+": "+m.Ack)
	}
	if m.Link != "" {
		lines = append(lines, m.Link)
	}
	return strings.Join(lines, "\n\n")
}

// gatewaySender sends text messages through whatever gateway a hospital has.
type gatewaySender struct {
	channel *Channel
	body    *template.Template
	client  *http.Client
}

// gatewayFields are what the template of a gateway can name.
type gatewayFields struct{ To, Text, Token string }

func (s *gatewaySender) send(ctx context.Context, m *Message) error {
	token, err := s.channel.Token.Reveal()
	if err != nil {
		return err
	}
	var body strings.Builder
	if err := s.body.Execute(&body, gatewayFields{m.To, m.Short, token}); err != nil {
		return err
	}
	kind := s.channel.ContentType
	if kind == "" {
		kind = "application/json"
	}
	r, err := s.channel.post(ctx, http.MethodPost, "", kind, body.String())
	if err != nil {
		return err
	}
	if !s.channel.Authorization.IsZero() {
		text, err := s.channel.Authorization.Reveal()
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", text)
	}
	return do(s.client, r)
}

package engine

import (
	"strings"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
)

// settleHook is for a rule that waits for a state of a message, by the name behind its protocol (Suricata User Guide,
// "Rule Hooks"): it is asked in the direction of that state, once what the sensor shows of it is there.
func (c *compiled) settleHook() error {
	hook := c.Proto.Hook
	if hook == "" {
		return nil
	}
	side, state, _ := strings.Cut(hook, "_")
	switch {
	case len(c.app) == 0: // of packets: of Suricata's firewall
		return unsupported("a rule that waits for " + hook)
	case side == "request" || side == "client":
		c.dirs &= 1 << wire.ToServer
	case side == "response" || side == "server":
		c.dirs &= 1 << wire.ToClient
	default:
		return unsupported("a rule that waits for " + hook)
	}
	switch state {
	case "body", "trailer", "complete":
		c.stage = inspect.Whole
	}
	return nil
}

// settleState is for a rule that looks at nothing but the state of a message.
func (c *compiled) settleState() {
	if c.app[0] == "http" || c.app[0] == "http2" {
		c.about = aboutHTTP
		return
	}
	c.about, c.kind = aboutRecord, event.KindOf(c.app[0])
	if c.kind == event.KindNone {
		c.settlePayload()
	}
}

package engine

import (
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/rdp"
)

// rdpApp is the beginning of a Remote Desktop connection.
type rdpApp struct {
	conv  rdp.Conversation
	steps uint64
	at
}

func (a *rdpApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, rdp.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *rdpApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *rdpApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *rdpApp) reset()                        { a.conv.Reset(); a.steps = 0; a.at = at{} }

// Step reports each step of the beginning.
func (a *rdpApp) Step(step rdp.Step, s *rdp.Session) {
	e := &a.w.out.rdp
	a.steps++
	*e = event.RDP{TxID: a.steps, Offered: e.Offered[:0], Flags: e.Flags[:0], Supports: e.Supports[:0], Caps: e.Caps[:0], Channels: e.Channels[:0]}
	switch step {
	case rdp.Asked:
		rdpRequest(e, &s.Request)
	case rdp.Confirmed:
		rdpResponse(e, &s.Response)
	case rdp.Connects:
		rdpClient(e, &s.Client)
	case rdp.Connected:
		e.Activity, e.Encryption, e.Level = "connect_response", uint64(s.Server.Encryption)+1, uint64(s.Server.Level)+1
	}
	a.w.emit(a.f, e)
	if step == rdp.Connects {
		a.w.out.asset = event.Asset{Hostname: e.ClientName, Software: a.software(e), Role: "rdp client", Source: "rdp"}
		a.w.tellAsset(a.f, &a.w.out.asset)
	}
}

// software is the Windows of the client, where its build is known.
func (a *rdpApp) software(e *event.RDP) string {
	if e.Build == "unknown" {
		return ""
	}
	return e.Build
}

func rdpRequest(e *event.RDP, q *rdp.Request) {
	e.Activity, e.Cookie, e.Token = "initial_request", event.View(q.Cookie), event.View(q.Token)
	if !q.Negotiates {
		return
	}
	for bit := rdp.Protocol(1); bit <= rdp.ProtocolRDSAAD; bit <<= 1 {
		if q.Protocols&bit != 0 {
			e.Offered = append(e.Offered, bit.String())
		}
	}
	if len(e.Offered) == 0 {
		e.Offered = append(e.Offered, rdp.ProtocolRDP.String())
	}
	e.Flags = appendFlag(e.Flags, q.Flags, rdp.RestrictedAdminRequired, "restricted_admin_mode_required")
	e.Flags = appendFlag(e.Flags, q.Flags, rdp.RedirectedAuthRequired, "redirected_authentication_mode_required")
	e.Flags = appendFlag(e.Flags, q.Flags, rdp.CorrelationPresent, "correlation_info_present")
}

func appendFlag(list []string, flags, bit uint8, name string) []string {
	if flags&bit != 0 {
		return append(list, name)
	}
	return list
}

func rdpResponse(e *event.RDP, r *rdp.Response) {
	e.Activity = "initial_response"
	switch {
	case r.Failure != 0:
		e.Error, e.Reason = uint64(r.Failure), r.Failure.String()
	case r.Negotiates:
		e.Protocol = r.Protocol.String()
		e.Supports = appendFlag(e.Supports, r.Flags, rdp.ExtendedClientData, "extended_client_data")
		e.Supports = appendFlag(e.Supports, r.Flags, rdp.DynvcGfx, "dynvc_gfx")
		e.Supports = appendFlag(e.Supports, r.Flags, rdp.RestrictedAdminSupported, "restricted_admin")
		e.Supports = appendFlag(e.Supports, r.Flags, rdp.RedirectedAuthIsSupported, "redirected_authentication")
	}
}

func rdpClient(e *event.RDP, k *rdp.Client) {
	*e = event.RDP{Activity: "connect_request", TxID: e.TxID, Offered: e.Offered, Flags: e.Flags, Supports: e.Supports, Caps: e.Caps, Channels: e.Channels,
		Version: rdp.VersionName(k.Version), Width: uint64(k.Width), Height: uint64(k.Height), Depth: uint64(k.Depth), Keyboard: rdp.LayoutName(k.Keyboard),
		Build: rdp.BuildName(k.Build), BuildID: uint64(k.Build), ClientName: event.View(k.Name), KeyType: rdp.KeyboardName(k.KeyboardType),
		KeySubtype: uint64(k.KeyboardSubtype), FuncKeys: uint64(k.FunctionKeys), IME: event.View(k.IME), Serial: uint64(k.Serial), ClientID: event.View(k.ID),
		Hint: rdp.ConnectionName(k.ConnectionType), PhysWidth: uint64(k.PhysicalWidth), PhysHeight: uint64(k.PhysicalHeight), Scale: uint64(k.Scale),
		DeviceScale: uint64(k.DeviceScale)}
	if k.HasProduct {
		e.Product = uint64(k.Product) + 1
	}
	if k.HasOrientation {
		e.Orientation = uint64(k.Orientation) + 1
	}
	for i, name := range rdp.Capabilities {
		if name != "" && k.Capabilities&(1<<i) != 0 {
			e.Caps = append(e.Caps, name)
		}
	}
	for _, c := range k.Channels {
		e.Channels = append(e.Channels, event.View(c))
	}
}

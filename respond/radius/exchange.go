package radius

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	wire "bulwark/wire/radius"
)

var errSilent = errors.New("it does not answer")

// ask sends the request that request makes about each hardware address to where it may be. One switch at least must know the device and
// say yes. Where none knows an address and one does not answer, it is not known whether it is there.
func (r *Radius) ask(ctx context.Context, o *Order, request func(place, string) step) error {
	var yes bool
	var bad error
	for _, m := range o.MACs {
		step := func(p place) step { return request(p, m) }
		places, known := r.places(ctx, m, o.Act)
		err := r.askAll(ctx, places, step)
		if known && errors.Is(err, ErrAway) { // what was seen is old, or was made up
			err = r.askAll(ctx, r.single(o.Act), step)
		}
		yes = yes || err == nil
		if err != nil && !errors.Is(err, ErrAway) {
			bad = errors.Join(bad, err)
		}
	}
	if bad == nil && !yes {
		return ErrAway
	}
	return bad
}

// askAll asks all places at once. Nil: one said yes.
func (r *Radius) askAll(ctx context.Context, places []place, request func(place) step) error {
	if len(places) > mostAsked {
		return fmt.Errorf("%w: it is not known at which of %d switches the device is", ErrOrder, len(places))
	}
	said := make([]error, len(places))
	var all sync.WaitGroup
	for i, p := range places {
		all.Go(func() {
			select {
			case r.slots <- struct{}{}:
				defer func() { <-r.slots }()
				said[i] = r.exchange(ctx, request(p))
			case <-ctx.Done():
				said[i] = ctx.Err()
			}
		})
	}
	all.Wait()
	var bad error
	for i, err := range said {
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, ErrAway):
			bad = errors.Join(bad, fmt.Errorf("%s: %w", places[i], err))
		}
	}
	return cmp.Or(bad, ErrAway)
}

func (r *Radius) nextID() uint8 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids++
	return r.ids
}

// exchange sends one request, again while nothing comes back (the same bytes: RFC 5176 §2.3), and reads the answer.
func (r *Radius) exchange(ctx context.Context, s step) error {
	secret, err := s.nas.Secret.Reveal()
	if err != nil {
		return err
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", s.to().String())
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	asked := request(s.code, r.nextID(), s.attributes, r.clock.Now(), secret)
	var why error
	for _, wait := range waits() {
		if _, err := c.Write(asked); err != nil {
			why = err
			continue
		}
		if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return err
		}
		m, err := s.nas.read(c, asked, secret)
		if m != nil {
			return judge(m)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		why = cmp.Or(err, why)
	}
	return cmp.Or(why, errSilent)
}

// read reads until the answer comes or the time is over; what is not the answer is passed over, and said.
func (n *NAS) read(c net.Conn, asked []byte, secret string) (m *wire.Message, why error) {
	buf := make([]byte, 4096)
	for {
		got, err := c.Read(buf)
		if err != nil {
			if late := net.Error(nil); !errors.As(err, &late) || !late.Timeout() {
				why = cmp.Or(why, err)
			}
			return nil, why
		}
		if m, err = n.answer(buf[:got], asked, secret); err == nil {
			return m, nil
		}
		why = err
	}
}

// judge reads an answer.
func judge(m *wire.Message) error {
	switch {
	case m.Code == wire.CoAACK || m.Code == wire.DisconnectACK:
		return nil
	case m.ErrorCode == notFound:
		return ErrAway
	}
	return fmt.Errorf("it refuses: error cause %s", cause(m.ErrorCode))
}

package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"
)

// Objects, by their names in the MIBs of every managed switch: IF-MIB (RFC 2863), BRIDGE-MIB (RFC 4188), Q-BRIDGE-MIB (RFC 4363).
const (
	ifName            = ".1.3.6.1.2.1.31.1.1.1.1"     // by interface
	ifAdminStatus     = ".1.3.6.1.2.1.2.2.1.7"        // by interface: 1 up, 2 down
	dot1dBasePortIf   = ".1.3.6.1.2.1.17.1.4.1.2"     // by port of the bridge
	dot1dTpFdbPort    = ".1.3.6.1.2.1.17.4.3.1.2"     // by address
	dot1qTpFdbPort    = ".1.3.6.1.2.1.17.7.1.2.2.1.2" // by number of the table, and address
	dot1qPvid         = ".1.3.6.1.2.1.17.7.1.4.5.1.1" // by port of the bridge
	mostLearnt        = 50_000                        // addresses of one switch
	perAnswer         = 40                            // rows
	answersIn, resent = 1500 * time.Millisecond, 2    // how long an answer is waited for, and how often a question is sent again
)

var (
	errSilent = errors.New("it does not answer, or not to this user")
	errAbsent = errors.New("it does not have that object")
	errMany   = errors.New("it has learnt more addresses than are read")
)

// talk asks a switch, or tells it.
type talk struct{ g *gosnmp.GoSNMP }

// dial makes ready to ask a switch; nothing is sent with version 2c, and the engine is asked for with version 3.
func (s *Switch) dial(ctx context.Context) (*talk, error) {
	g := &gosnmp.GoSNMP{Target: s.Address.String(), Port: s.Port, Version: gosnmp.Version2c, Context: ctx, Timeout: answersIn, Retries: resent,
		MaxOids: gosnmp.MaxOids, MaxRepetitions: perAnswer}
	if s.Port == 0 {
		g.Port = 161
	}
	var err error
	if s.Version == "2c" {
		if g.Community, err = s.Community.Reveal(); err != nil {
			return nil, err
		}
	} else if err := s.secure(g); err != nil {
		return nil, err
	}
	if err := g.Connect(); err != nil {
		return nil, err
	}
	return &talk{g}, nil
}

// secure sets what version 3 needs: signed and encrypted, never less.
func (s *Switch) secure(g *gosnmp.GoSNMP) error {
	sign, err := s.SignSecret.Reveal()
	if err != nil {
		return err
	}
	encrypt, err := s.EncryptSecret.Reveal()
	if err != nil {
		return err
	}
	g.Version, g.SecurityModel, g.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.AuthPriv
	g.SecurityParameters = &gosnmp.UsmSecurityParameters{UserName: s.User, AuthenticationProtocol: signers()[s.Signs], AuthenticationPassphrase: sign,
		PrivacyProtocol: ciphers()[s.Encrypts], PrivacyPassphrase: encrypt}
	return nil
}

func (t *talk) close() { t.g.Close() }

// plain is an error as people read it.
func plain(err error) error {
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() || err != nil && strings.Contains(err.Error(), "request timeout") {
		return errSilent
	}
	return err
}

// get reads an object.
func (t *talk) get(oid string) (v gosnmp.SnmpPDU, err error) {
	r, err := t.g.Get([]string{oid})
	switch {
	case err != nil:
		return v, plain(err)
	case r.Error != gosnmp.NoError:
		return v, fmt.Errorf("it answers %v", r.Error)
	case len(r.Variables) != 1 || r.Variables[0].Name != oid:
		return v, errAbsent
	}
	switch v = r.Variables[0]; v.Type {
	case gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView, gosnmp.Null:
		return v, errAbsent
	}
	return v, nil
}

// number reads an object that is a number.
func (t *talk) number(oid string) (int, error) {
	v, err := t.get(oid)
	if err != nil {
		return 0, err
	}
	n := gosnmp.ToBigInt(v.Value)
	if n == nil || !n.IsInt64() {
		return 0, errAbsent
	}
	return int(n.Int64()), nil
}

// text reads an object that is text, and is short.
func (t *talk) text(oid string) string {
	v, err := t.get(oid)
	b, ok := v.Value.([]byte)
	if err != nil || !ok {
		return ""
	}
	return strings.ToValidUTF8(string(b[:min(len(b), 64)]), "?")
}

// set writes a number, in the type that the object has.
func (t *talk) set(oid string, n int) error {
	v := gosnmp.SnmpPDU{Name: oid, Type: gosnmp.Integer, Value: n}
	if strings.HasPrefix(oid, dot1qPvid) {
		v.Type, v.Value = gosnmp.Gauge32, uint32(n)
	}
	r, err := t.g.Set([]gosnmp.SnmpPDU{v})
	switch {
	case err != nil:
		return plain(err)
	case r.Error != gosnmp.NoError:
		return fmt.Errorf("it refuses: %v", r.Error)
	}
	return nil
}

// learnt are the addresses that a switch learnt, each with the port of its bridge.
func (t *talk) learnt() (map[string]int, error) {
	all := map[string]int{}
	for _, table := range []string{dot1qTpFdbPort, dot1dTpFdbPort} {
		err := t.g.BulkWalk(table, func(v gosnmp.SnmpPDU) error {
			port := gosnmp.ToBigInt(v.Value)
			if mac := macOf(v.Name); mac != "" && port != nil && port.Sign() > 0 && port.IsInt64() {
				all[mac] = int(port.Int64())
			}
			if len(all) > mostLearnt {
				return errMany
			}
			return nil
		})
		if err != nil {
			return nil, plain(err)
		}
		if len(all) > 0 {
			break
		}
	}
	return all, nil
}

// macOf is the address with which the name of a row ends; empty: none.
func macOf(oid string) string {
	parts := strings.Split(oid, ".")
	if len(parts) < 6 {
		return ""
	}
	mac := make(net.HardwareAddr, 6)
	for i, p := range parts[len(parts)-6:] {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return ""
		}
		mac[i] = byte(n)
	}
	return mac.String()
}

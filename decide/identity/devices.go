package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/devicecert"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// Devices of the hospital prove which they are by a certificate of an authority of ours. They get it with a code that counts once, for a key that never
// leaves them; sessions that are opened from one are bound to it.

// Kinds of devices.
const (
	workstation = "workstation" // of one person, or of people one after another with an account of the machine each
	shared      = "shared"      // of a ward: people come and go
	service     = "service"     // a machine that acts for itself: a modality, a gateway
)

const (
	codeLife, mostCodeLife = time.Hour, 7 * 24 * time.Hour
	// renewFrom is how long before its end a certificate may be renewed.
	renewFrom = devicecert.Life / 2
	// codeBytes are 80 bits: nobody finds one within its life.
	codeBytes = 10
)

var (
	// ErrDevice means that there is no such device, or that its certificate is not good any more.
	ErrDevice = errors.New("identity: no such device")
	// ErrDeviceCode means that a code was never made, was used, or is too old.
	ErrDeviceCode = errors.New("identity: the code is not good")
	// ErrDeviceName means that a name, a kind, a unit or a number is none, or that a device of that name is enrolled.
	ErrDeviceName = errors.New("identity: not a name of a device, or there is one")
)

var (
	deviceName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	inventoryN = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)
)

// Device is from what somebody asks, as the rooms see it; its zero value is one that did not prove which it is.
type Device struct {
	ID, Name  string
	Inventory string // number in the inventory; "": not known
	Unit      string // where it stands; "": not known
	Shared    bool
	Service   bool // a machine that acts for itself: nobody sits at it
	Sound     bool // it reports what the hospital asks for
}

type deviceRow struct {
	bun.BaseModel `bun:"table:identity_device,alias:d"`
	ID            string    `bun:"id,pk"`
	Name          string    `bun:"name"`
	Kind          string    `bun:"kind"`
	Unit          string    `bun:"unit"`
	Inventory     string    `bun:"inventory"`
	Serial        string    `bun:"serial"`
	Before        string    `bun:"before"`
	Created       time.Time `bun:"created"`
	CreatedBy     string    `bun:"created_by"`
	Expires       time.Time `bun:"expires"`
	Revoked       time.Time `bun:"revoked,nullzero"`
	Seen          time.Time `bun:"seen,nullzero"`
	Posture       Report    `bun:"posture,type:jsonb"`
	Reported      time.Time `bun:"reported,nullzero"`
	faults        []string  // filled where it is asked for
}

type deviceCodeRow struct {
	bun.BaseModel `bun:"table:identity_device_code,alias:c"`
	Hash          string    `bun:"hash,pk"`
	Name          string    `bun:"name"`
	Kind          string    `bun:"kind"`
	Unit          string    `bun:"unit"`
	Inventory     string    `bun:"inventory"`
	CreatedBy     string    `bun:"created_by"`
	Ends          time.Time `bun:"ends"`
}

type deviceAuthorityRow struct {
	bun.BaseModel `bun:"table:identity_device_authority,alias:a"`
	ID            string    `bun:"id,pk"`
	Cert          string    `bun:"cert"`
	Secret        string    `bun:"secret"`
	Created       time.Time `bun:"created"`
}

// asked is the device as the rooms see it. Nil is none.
func (d *deviceRow) asked() Device {
	if d == nil || d.ID == "" {
		return Device{}
	}
	return Device{ID: d.ID, Name: d.Name, Inventory: d.Inventory, Unit: d.Unit, Shared: d.Kind == shared, Service: d.Kind == service, Sound: len(d.faults) == 0}
}

// openAuthority reads the authority that was made before, if any.
func (i *Identity) openAuthority(ctx context.Context) error {
	row := &deviceAuthorityRow{}
	err := i.db.Read().NewSelect().Model(row).OrderExpr("id DESC").Limit(1).Scan(ctx)
	if db.NotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	cert, err := hex.DecodeString(row.Cert)
	if err != nil {
		return err
	}
	key, err := i.kept.open("device-authority/"+row.ID, row.Secret)
	if err != nil {
		return err
	}
	a, err := devicecert.Open(cert, key)
	if err == nil {
		i.authority.Store(a)
	}
	return err
}

// knowAuthority reads the authority where another process on the same database has made it since.
func (i *Identity) knowAuthority(ctx context.Context) error {
	if i.authority.Load() != nil {
		return nil
	}
	return i.openAuthority(ctx)
}

// knowAsking looks whether any device has a certificate that is good; another process on the same database may have signed it.
func (i *Identity) knowAsking(ctx context.Context) error {
	some, err := i.db.Read().NewSelect().Model((*deviceRow)(nil)).Where("revoked IS NULL AND expires > ?", db.Time(i.clock.Now())).Exists(ctx)
	if err == nil {
		i.asking.Store(some)
	}
	return err
}

// needAuthority is the authority, made where there is none yet.
func (i *Identity) needAuthority(ctx context.Context) (*devicecert.Authority, error) {
	if a := i.authority.Load(); a != nil {
		return a, nil
	}
	name := "Bulwark devices"
	if i.config.Hospital != "" {
		name = "Bulwark devices of " + i.config.Hospital
	}
	_, cert, key, err := devicecert.New(name, i.clock.Now())
	if err != nil {
		return nil, err
	}
	id := newID()
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		there, err := tx.NewSelect().Model((*deviceAuthorityRow)(nil)).Exists(ctx)
		if err != nil || there { // another process was first
			return err
		}
		row := &deviceAuthorityRow{ID: id, Cert: hex.EncodeToString(cert), Secret: i.kept.seal("device-authority/"+id, key), Created: db.Time(i.clock.Now())}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Program("identity"), name: "device-authority", on: "authority:" + id})
	})
	if err == nil {
		err = i.openAuthority(ctx)
	}
	return i.authority.Load(), err
}

// DeviceAuthority is by what the certificates of devices are signed; nil: none has one that is good, so that no browser is asked for any.
func (i *Identity) DeviceAuthority() *x509.CertPool {
	if a := i.authority.Load(); a != nil && i.asking.Load() {
		return a.Pool()
	}
	return nil
}

// deviceOf is the device that r comes from, by the certificate that it showed; its zero value is none.
func (i *Identity) deviceOf(r *http.Request) Device {
	d, err := i.deviceFrom(r)
	if err != nil {
		return Device{}
	}
	return d.asked()
}

// deviceFrom is the row of the device that r comes from, or ErrDevice.
func (i *Identity) deviceFrom(r *http.Request) (*deviceRow, error) {
	a := i.authority.Load()
	if a == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, ErrDevice
	}
	number, ok := a.Serial(r.TLS.PeerCertificates[0], i.clock.Now())
	if !ok {
		return nil, ErrDevice
	}
	if d, lost := i.deviceLost(number); lost {
		if d == nil {
			return nil, ErrDevice
		}
		return d, nil
	}
	d := &deviceRow{}
	err := i.db.Read().NewSelect().Model(d).Where("(serial = ? OR before = ?) AND revoked IS NULL", number, number).Scan(r.Context())
	if i.lose(r.Context(), err) {
		return i.deviceFrom(r)
	}
	if db.NotFound(err) {
		return nil, ErrDevice
	}
	if err != nil {
		return nil, err
	}
	i.judgeDevice(d)
	return d, nil
}

// judgeDevice fills in what a device lacks.
func (i *Identity) judgeDevice(d *deviceRow) {
	if d != nil {
		d.faults = i.config.Posture.faults(d.Posture, d.Reported, i.clock.Now())
	}
}

// strayed ends a session that turns up without the device to which it is bound: its cookie was taken elsewhere.
func (i *Identity) strayed(r *http.Request, s *sessionRow) error {
	if i.leaveLost(s.Hash) {
		return errNoSession
	}
	err := i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		gone, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("hash = ?", s.Hash).Exec(ctx)
		if err := changedOne(gone, err, errNoSession); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Program("identity"), name: "session-strayed", on: "session:" + s.ID, refused: true,
			detail: map[string]string{"person": s.Person, "device": s.Device, "address": i.visitorOf(r).address}})
	})
	return errors.Join(err, errNoSession)
}

// station is what a device is called, what it is and where it stands.
type station struct {
	Name, Kind, Unit, Inventory string
}

// kept is a station as it is kept.
func (s station) kept() (station, error) {
	s.Unit = strings.ToLower(strings.Join(strings.Fields(s.Unit), " "))
	if !deviceName.MatchString(s.Name) || !slices.Contains([]string{workstation, shared, service}, s.Kind) || s.Inventory != "" && !inventoryN.MatchString(s.Inventory) {
		return s, ErrDeviceName
	}
	if _, err := (place{Units: []string{s.Unit}}).kept(); s.Unit != "" && err != nil {
		return s, ErrDeviceName
	}
	return s, nil
}

// NewDeviceCode makes a code with which one device of that name enrols, once, within life (0: an hour; at most a week). It is shown this once.
func (i *Identity) NewDeviceCode(ctx context.Context, by string, s station, life time.Duration) (code string, ends time.Time, err error) {
	if s, err = s.kept(); err != nil {
		return "", time.Time{}, err
	}
	if _, err := i.needAuthority(ctx); err != nil {
		return "", time.Time{}, err
	}
	if life <= 0 {
		life = codeLife
	}
	ends = db.Time(i.clock.Now()).Add(min(life, mostCodeLife))
	var b [codeBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	code = base32.StdEncoding.EncodeToString(b[:])
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		there, err := tx.NewSelect().Model((*deviceRow)(nil)).Where("name = ? AND revoked IS NULL", s.Name).Exists(ctx)
		if err != nil {
			return err
		}
		if there {
			return ErrDeviceName
		}
		// A second code for the same name makes the first void.
		if _, err := tx.NewDelete().Model((*deviceCodeRow)(nil)).Where("name = ?", s.Name).Exec(ctx); err != nil {
			return err
		}
		row := &deviceCodeRow{Hash: i.deviceCodeHash(code), Name: s.Name, Kind: s.Kind, Unit: s.Unit, Inventory: s.Inventory, CreatedBy: by, Ends: ends}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: by, name: "device-code", on: "device:" + s.Name, detail: map[string]string{"kind": s.Kind}})
	})
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:], ends, err
}

func (i *Identity) deviceCodeHash(code string) string {
	code = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	m := hmac.New(sha256.New, i.paper[:])
	m.Write([]byte("device-code\n" + code))
	return hex.EncodeToString(m.Sum(nil))
}

// EnrolDevice signs the key of a device that shows a code.
func (i *Identity) EnrolDevice(ctx context.Context, code string, request []byte, from visitor) (cert []byte, d *deviceRow, err error) {
	r, err := devicecert.Request(request)
	if err != nil {
		return nil, nil, err
	}
	key := "device:" + network(from.address)
	if wait := i.addresses.Begin(key); wait > 0 {
		return nil, nil, &WaitError{wait}
	}
	a := i.authority.Load()
	if a == nil {
		return nil, nil, ErrDeviceCode
	}
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		c := &deviceCodeRow{}
		err := tx.NewSelect().Model(c).Where("hash = ?", i.deviceCodeHash(code)).Scan(ctx)
		if db.NotFound(err) || err == nil && !i.clock.Now().Before(c.Ends) {
			return ErrDeviceCode
		}
		if err != nil {
			return err
		}
		gone, err := tx.NewDelete().Model(c).WherePK().Exec(ctx)
		if err := changedOne(gone, err, ErrDeviceCode); err != nil {
			return err
		}
		// One of that name that was revoked before makes room.
		if _, err := tx.NewDelete().Model((*deviceRow)(nil)).Where("name = ? AND revoked IS NOT NULL", c.Name).Exec(ctx); err != nil {
			return err
		}
		d = &deviceRow{ID: newID(), Name: c.Name, Kind: c.Kind, Unit: c.Unit, Inventory: c.Inventory, Created: db.Time(i.clock.Now()), CreatedBy: c.CreatedBy, Posture: Report{Checks: map[string]string{}}}
		if cert, d.Serial, d.Expires, err = a.Sign(r, d.ID, d.Name, i.clock.Now()); err != nil {
			return err
		}
		d.Expires = db.Time(d.Expires)
		if _, err := tx.NewInsert().Model(d).Exec(ctx); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: "device:" + d.ID, name: "device-enrol", on: "device:" + d.ID, detail: map[string]string{"name": d.Name, "kind": d.Kind, "address": from.address}})
	})
	if err == nil {
		i.addresses.TakeBack(key)
		i.asking.Store(true)
	}
	return cert, d, err
}

// renewDevice signs another key of a device that showed its certificate.
func (i *Identity) renewDevice(r *http.Request, request []byte) (cert []byte, err error) {
	d, err := i.deviceFrom(r)
	if err != nil {
		return nil, err
	}
	csr, err := devicecert.Request(request)
	if err != nil {
		return nil, err
	}
	if ok, wait := i.renewals.Allow(d.ID); !ok { // each is an entry in the ledger
		return nil, &WaitError{max(wait, time.Second)}
	}
	shown := r.TLS.PeerCertificates[0].SerialNumber.Text(16)
	err = i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		var number string
		var ends time.Time
		if cert, number, ends, err = i.authority.Load().Sign(csr, d.ID, d.Name, i.clock.Now()); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model((*deviceRow)(nil)).Set("serial = ?", number).Set("before = ?", shown).Set("expires = ?", db.Time(ends)).Where("id = ? AND revoked IS NULL", d.ID).Exec(ctx)
		if err := changedOne(res, err, ErrDevice); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: "device:" + d.ID, name: "device-renew", on: "device:" + d.ID})
	})
	return cert, err
}

// RevokeDevice takes a device's certificate away, and ends what was opened from it.
func (i *Identity) RevokeDevice(ctx context.Context, by, id string) error {
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := tx.NewUpdate().Model((*deviceRow)(nil)).Set("revoked = ?", db.Time(i.clock.Now())).Where("id = ? AND revoked IS NULL", id).Exec(ctx)
		if err := changedOne(r, err, ErrDevice); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("device = ?", id).Exec(ctx); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: by, name: "device-revoke", on: "device:" + id})
	})
}

// reportDevice keeps what a device says of itself.
func (i *Identity) reportDevice(r *http.Request, said Report) (*deviceRow, error) {
	d, err := i.deviceFrom(r)
	if err != nil {
		return nil, err
	}
	if said, err = said.kept(); err != nil {
		return nil, err
	}
	if ok, wait := i.reports.Allow(d.ID); !ok {
		return nil, &WaitError{max(wait, time.Second)}
	}
	text, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	now := db.Time(i.clock.Now())
	before := d.faults
	d.Posture, d.Reported = said, now
	i.judgeDevice(d)
	return d, i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*deviceRow)(nil)).Set("posture = ?", string(text)).Set("reported = ?", now).Set("seen = ?", now).Where("id = ?", d.ID).Exec(ctx)
		if err != nil || (len(before) == 0) == (len(d.faults) == 0) {
			return err
		}
		state := "sound"
		if len(d.faults) > 0 {
			state = "lacks " + strings.Join(d.faults, ", ")
		}
		return i.note(ctx, tx, act{by: "device:" + d.ID, name: "device-posture", on: "device:" + d.ID, detail: map[string]string{"now": state}})
	})
}

func sweepCodes(ctx context.Context, tx bun.Tx, now time.Time) error {
	_, err := tx.NewDelete().Model((*deviceCodeRow)(nil)).Where("ends <= ?", now).Exec(ctx)
	return err
}

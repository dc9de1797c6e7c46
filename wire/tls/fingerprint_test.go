package tls

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// hello makes the body of a ClientHello.
func hello(version Version, suites []uint16, extensions ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(version))
	b = append(b, make([]byte, 32)...)
	b = append(b, 0)
	b = vec16(b, numbers(suites...))
	b = append(b, 1, 0)
	return vec16(b, bytes.Join(extensions, nil))
}

func vec16(dst, p []byte) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(p))), p...)
}

func numbers(list ...uint16) []byte {
	var b []byte
	for _, v := range list {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func extension(kind uint16, data []byte) []byte {
	return vec16(binary.BigEndian.AppendUint16(nil, kind), data)
}

func alpn(names ...string) []byte {
	var b []byte
	for _, n := range names {
		b = append(append(b, byte(len(n))), n...)
	}
	return extension(extALPN, vec16(nil, b))
}

func sni(name string) []byte {
	return extension(extServerName, vec16(nil, vec16([]byte{0}, []byte(name))))
}

// chromeHello is the hello of the example in FoxIO's specification, with GREASE strewn in.
func chromeHello() []byte {
	return hello(VersionTLS12,
		[]uint16{0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		extension(0x1a1a, nil), extension(0x001b, nil), sni("example.com"), extension(0x0033, nil), alpn("h2", "http/1.1"),
		extension(0x4469, nil), extension(0x0017, nil), extension(0x002d, nil),
		extension(extSignatureAlgorithms, vec16(nil, numbers(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))),
		extension(0x0005, nil), extension(0x0023, nil), extension(0x0012, nil),
		extension(extSupportedVersions, append([]byte{6}, numbers(0x2a2a, 0x0304, 0x0303)...)),
		extension(0xff01, nil), extension(extPointFormats, []byte{1, 0}),
		extension(extGroups, vec16(nil, numbers(0x3a3a, 0x001d, 0x0017, 0x0018))), extension(0x0015, nil))
}

func TestJA4(t *testing.T) {
	for _, c := range []struct {
		does string
		body []byte
		over byte
		want string
	}{
		{"the example of the specification", chromeHello(), OverTCP, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"the same over QUIC", chromeHello(), OverQUIC, "q13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"no extensions, no suites", hello(VersionTLS10, nil), OverTCP, "t10i000000_000000000000_000000000000"},
		{"a server name and ALPN alone leave the last part empty", hello(VersionSSL30, nil, sni("a"), alpn("http/1.1")), OverTCP, "ts3d0002h1_000000000000_000000000000"},
		{"an ALPN name of one letter is both ends", hello(VersionTLS12, nil, alpn("x")), OverTCP, "t12i0001xx_000000000000_000000000000"},
		{"an empty ALPN name is none", hello(VersionTLS12, nil, alpn("", "h2")), OverTCP, "t12i000100_000000000000_000000000000"},
		{"0xAB is ab", hello(VersionTLS12, nil, alpn("\xab")), OverTCP, "t12i0001ab_000000000000_000000000000"},
		{"0xAB 0xCD is ad", hello(VersionTLS12, nil, alpn("\xab\xcd")), OverTCP, "t12i0001ad_000000000000_000000000000"},
		{"0x30 0xAB is 3b", hello(VersionTLS12, nil, alpn("0\xab")), OverTCP, "t12i00013b_000000000000_000000000000"},
		{"0x30 0x31 0xAB 0xCD is 3d", hello(VersionTLS12, nil, alpn("01\xab\xcd")), OverTCP, "t12i00013d_000000000000_000000000000"},
		{"0x30 0xAB 0xCD 0x31 is 01", hello(VersionTLS12, nil, alpn("0\xab\xcd1")), OverTCP, "t12i000101_000000000000_000000000000"},
		{"an unknown version is 00", hello(0x7f1c, nil), OverTCP, "t00i000000_000000000000_000000000000"},
		{"more than 99 suites are 99", hello(VersionTLS12, make([]uint16, 120)), OverTCP, "t12i990000_"},
	} {
		t.Run(c.does, func(t *testing.T) {
			var h ClientHello
			if err := h.Parse(c.body); err != nil {
				t.Fatal(err)
			}
			if got := h.JA4(c.over); string(got[:len(c.want)]) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestJA4Raw(t *testing.T) {
	var h ClientHello
	if err := h.Parse(chromeHello()); err != nil {
		t.Fatal(err)
	}
	const want = "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601"
	if got := string(h.AppendJA4Raw(nil, OverTCP)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestJA3(t *testing.T) {
	// The examples of the README of salesforce/ja3.
	suites := []uint16{47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}
	var h ClientHello
	if err := h.Parse(hello(VersionTLS10, suites, sni("a"),
		extension(extGroups, vec16(nil, numbers(23, 24, 25))), extension(extPointFormats, []byte{1, 0}))); err != nil {
		t.Fatal(err)
	}
	if got, want := string(h.AppendJA3(nil)), "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := h.JA3(), "ada70206e40642a3e4461f35503241d5"; string(got[:]) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := h.Parse(hello(VersionTLS10, []uint16{4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99})); err != nil {
		t.Fatal(err)
	}
	if got, want := h.JA3(), "de350869b8c85de67a350c8d186f11e6"; string(got[:]) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzClientHello(f *testing.F) {
	f.Add(chromeHello())
	f.Add(hello(VersionTLS10, nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c ClientHello
		_ = c.Parse(body)
		c.JA3()
		c.JA4(OverQUIC)
		for range c.Protocols.All() {
		}
		var s ServerHello
		_ = s.Parse(body)
		s.AppendJA3S(nil)
		_ = c.ParseDTLS(body)
	})
}

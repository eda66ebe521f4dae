package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"
)

// identity is a server's certificate for 127.0.0.1, and the authority that signed it.
type identity struct {
	authority *x509.CertPool
	spki      string // base64 of the SHA-256 of the server's public key, as Chromium's flag wants it
	pem       []byte // certificate and key
}

// trusted is whom browsers believe in these tests, stranger is somebody else.
var (
	trusted  = sync.OnceValue(newIdentity)
	stranger = sync.OnceValue(newIdentity)
)

func newIdentity() *identity {
	authorityKey, key := newKey(), newKey()
	authority := sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "wakesocket's test authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, nil, authorityKey, authorityKey)
	server := sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "127.0.0.1"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority, key, authorityKey)
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	sum := sha256.Sum256(server.RawSubjectPublicKeyInfo)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	return &identity{
		authority: pool,
		spki:      base64.StdEncoding.EncodeToString(sum[:]),
		pem: append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Raw}),
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...),
	}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return key
}

// sign makes a certificate that is valid for this day; without a parent, it signs itself.
func sign(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	return cert
}

// must is for what only a broken system can fail at.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

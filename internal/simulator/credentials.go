package simulator

// The credentials that the simulator accepts. They are made up and open no door anywhere else.
const (
	ClientID     = "simulator-client"
	ClientSecret = "simulator-secret"
	Tenant       = "acme"
	M2MUsername  = "simulator-user"
	M2MPassword  = "simulator&password" // the & proves that it is escaped as XML
	M2MAPIID     = "42"
	MVNOToken    = "simulator-token"
)

"""All SQL of the CPO adapter: functions whose first argument is the connection."""

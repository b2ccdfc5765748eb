import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// Imported for its effect by whatever tells a fault: zod/mini by itself says "Invalid input" to everything.
z.config(en());

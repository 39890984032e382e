import { z } from 'zod';

export const momentSchema = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
